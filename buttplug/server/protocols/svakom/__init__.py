"""Svakom, and the brands that use its electronics: 55, the command, the level; 6 or 7 bytes. Alex and Sam Neo: 12, not 55.

========= =======================================================================================
command   what it sets
========= =======================================================================================
03        the vibrator, or both where they have one level in common
04        the vibrator (``svakom-v1``, ``svakom-dice``)
05        heat
06        a second vibrator (``svakom-v2``)
07        pulsator
08        thrusting, rotation, or a second vibrator
09        suction, thrusting, or a second vibrator
14        licking
========= =======================================================================================

Where the level stands, what stands for off, and whether there is a switch beside it differs from family to family:
``COMMANDS`` says it for each output that has a packet of its own, ``SHARED_LEVELS`` for two vibrators in one packet. What is
more than a table has a module: ``iker``, ``sam``, ``tarax``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.levels import require_one_direction, single_outputs

#: The bytes for a level.
Command: TypeAlias = Callable[[int], Iterable[int]]

VIBRATE = OutputType.VIBRATE
OSCILLATE = OutputType.OSCILLATE
CONSTRICT = OutputType.CONSTRICT
ROTATE = OutputType.ROTATE
TEMPERATURE = OutputType.TEMPERATURE

FIRST = (0, VIBRATE)
SECOND = (1, VIBRATE)
THIRD = (2, VIBRATE)

#: What follows the level of a motor that knows no other mode.
STEADY = 0xFF

#: Degrees Celsius.
WARM = 0x37


def _in_bands_of_ten(level: int) -> tuple[int, int]:
    """Return the strength, 1 to 3, and the speed, 1 to 10, for a level from 1 to 30; zeros for 0."""
    return ((level - 1) // 10 + 1, (level - 1) % 10 + 1) if level else (0, 0)


#: By protocol and output type, or by feature and type where features of one type have different commands.
COMMANDS: Mapping[str, Mapping[OutputType | tuple[int, OutputType], Command]] = {
    "svakom-alex": {VIBRATE: lambda level: (0x12, 1, 3, 0, level or 0xFF, 0)},
    "svakom-alex-v2": {VIBRATE: lambda level: (0x55, 3, 3, 0, level, level + 5)},
    "svakom-avaneo": {
        FIRST: lambda level: (0x55, 3, 0, 0, level > 0, level),
        (0, OSCILLATE): lambda level: (0x55, 3, 0, 0, level > 0, level),
        VIBRATE: lambda level: (0x55, 9, 0, 0, level, STEADY),
        OSCILLATE: lambda level: (0x55, 8, 0, 0, level, STEADY),
    },
    "svakom-barnard": {
        VIBRATE: lambda level: (0x55, 3, 0, 0, level, level > 0),
        OSCILLATE: lambda level: (0x55, 8, 0, 0, level, STEADY if level else 0),
    },
    "svakom-dice": {VIBRATE: lambda level: (0x55, 4, 0, 0, 1, level, 0xAA)},
    "svakom-dt250a": {
        FIRST: lambda level: (0x55, 3, 0, 0, level, level > 0),
        VIBRATE: lambda level: (0x55, 8, 0, 0, level, level > 0),
        CONSTRICT: lambda level: (0x55, 9, 0, 0, level, 0),
    },
    "svakom-fatima": {
        VIBRATE: lambda level: (0x55, 3, 0, 0, level > 0, level),
        CONSTRICT: lambda level: (0x55, 9, 0, 0, level > 0, level),
        OSCILLATE: lambda pattern: (0x55, 8, 0, 0, pattern, STEADY if pattern else 0),
        TEMPERATURE: lambda level: (0x55, 5, level > 0, WARM if level else 0, 2, 0, 0),
    },
    "svakom-jordan": {
        VIBRATE: lambda level: (0x55, 3, 0, 0, level > 0, level, 0),
        OSCILLATE: lambda level: (0x55, 8, 0, 0, level > 0, level, 0),
    },
    "svakom-pulse": {VIBRATE: lambda level: (0x55, 3, 3, 0, level > 0, level + 1)},
    "svakom-sam2": {
        VIBRATE: lambda level: (0x55, 3, 0, 0, 5 if level else 0, level, 0),
        CONSTRICT: lambda level: (0x55, 9, 0, 0, level > 0, level, 0),
    },
    "svakom-suitcase": {
        FIRST: lambda level: (0x55, 3, 0, 0, *_in_bands_of_ten(level)),
        VIBRATE: lambda level: (0x55, 9, 0, 0, level, 0),
    },
    "svakom-v1": {VIBRATE: lambda level: (0x55, 4, 3, 0, level > 0, level)},
    "svakom-v2": {
        SECOND: lambda level: (0x55, 6, 1, 0, level, level),
        VIBRATE: lambda level: (0x55, 3, 3, 0, level > 0, level),
    },
    "svakom-v3": {
        FIRST: lambda level: (0x55, 3, 3, 0, level > 0, level),
        VIBRATE: lambda level: (0x55, 9, 0, 0, level > 0, level),
        ROTATE: lambda level: (0x55, 8, 0, 0, level, STEADY),
    },
    "svakom-v5": {OSCILLATE: lambda level: (0x55, 9, 0, 0, level, 0)},
    "svakom-v6": {
        THIRD: lambda level: (0x55, 7, 0, 0, level > 0, level, 0),
        CONSTRICT: lambda level: (0x55, 9, 0, 0, level, 0, 0),
        ROTATE: lambda level: (0x55, 0x14, 0, 0, level > 0, level, 0),
    },
}

#: Protocols whose packets are to be acknowledged.
ACKNOWLEDGED = {"svakom-sam2", "svakom-v2"}

#: By protocol, the bytes for two vibrators in one packet: which of them run, and how fast.
SHARED_LEVELS: Mapping[str, Callable[[int, int], Iterable[int]]] = {
    "svakom-barney": lambda which, level: (0x55, 3, which, 0, 3 if level else 0, level, 0),
    "svakom-v4": lambda which, level: (0x55, 3, which, 0, level > 0, level, 0),
    "svakom-v5": lambda which, level: (0x55, 3, which, 0, level > 0, level),
    "svakom-v6": lambda which, level: (0x55, 3, which, 0, level > 0, level, 0),
}
BOTH_OR_NONE, ONLY_FIRST, ONLY_SECOND = range(3)

#: Says of a vibrator that is the only one too that it is the first.
COUNTS_A_SINGLE_ONE = "svakom-v5"


class PerOutput(Protocol):
    """A packet per output."""

    def output(self, output: Output) -> Iterable[Packet]:
        commands = COMMANDS.get(self.definition.protocol, {})
        command = commands.get((output.feature, output.type)) or commands.get(output.type)
        if command is None:
            return super().output(output)
        require_one_direction(output)
        return (Packet(bytes(command(output.value)), response=self.definition.protocol in ACKNOWLEDGED),)


class SharedLevel(PerOutput):
    """One packet for two vibrators, features 0 and 1: when both run, both do so at the higher of their levels."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        vibrators = [feature for feature, type_ in single_outputs(definition).items() if type_ is VIBRATE]
        self._pair = [feature for feature in vibrators if feature in (0, 1)]
        self._names_one = len(vibrators) > 1 or definition.protocol == COUNTS_A_SINGLE_ONE

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        paired = [output for output in changed if output.type is VIBRATE and output.feature in self._pair]
        others = [output for output in changed if output not in paired]
        require_one_direction(*paired)
        if paired:
            yield self._both(values)
        yield from super().encode(others, values)

    def _both(self, values: Mapping[int, int]) -> Packet:
        first, second = (values.get(feature, 0) if feature in self._pair else 0 for feature in (0, 1))
        which = BOTH_OR_NONE
        if self._names_one and (first > 0) is not (second > 0):
            which = ONLY_FIRST if first else ONLY_SECOND
        limits = [self.highest_levels[feature, VIBRATE] for feature, level in enumerate((first, second)) if level]
        level = min([max(first, second), *limits])
        return Packet(bytes(SHARED_LEVELS[self.definition.protocol](which, level)))


PROTOCOLS: Mapping[str, type[Protocol]] = dict.fromkeys(COMMANDS, PerOutput) | dict.fromkeys(SHARED_LEVELS, SharedLevel)
