"""Sexverse, and the brands that use its electronics: seven kinds of packets.

======== ======================================================== ===================================
family   packet                                                   carries
======== ======================================================== ===================================
v2       AA 03 01, motor, 64, level                               one motor, counted from 1
v3       A1 04, level, motor                                      one motor, counted from 1
v4       BB 01, level, 66                                         the only motor
v5       AA 03 03, level, 00 00 00                                the only motor
v1       23 07, length, number and type and level each, checksum  all motors
v6       AA 03 03, vibration, oscillation, suction                all motors
lg389    AA 05, vibration, 14, anchor, 00, range, 00,             all motors
         oscillation, 00
======== ======================================================== ===================================

What is more than a table has a module: ``v1``, ``v2``, ``v3``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.levels import require_one_direction, single_outputs

#: By protocol, the bytes for a motor, counted from 1, and its level.
PER_MOTOR: Mapping[str, Callable[[int, int], Iterable[int]]] = {
    "sexverse-v2": lambda motor, level: (0xAA, 3, 1, motor, 0x64, level),
    "sexverse-v3": lambda motor, level: (0xA1, 4, level, motor),
    "sexverse-v4": lambda motor, level: (0xBB, 1, level, 0x66),
    "sexverse-v5": lambda motor, level: (0xAA, 3, 3, level, 0, 0, 0),
}


class Combined(NamedTuple):
    """The types of the motors that a packet carries, and its bytes for their levels in that order."""

    types: Sequence[OutputType]
    packet: Callable[..., Iterable[int]]


#: The oscillation of ``sexverse-lg389`` starts at its base, and goes over the full range.
BASE, FULL = 1, 4

COMBINED: Mapping[str, Combined] = {
    "sexverse-v6": Combined(
        (OutputType.VIBRATE, OutputType.OSCILLATE, OutputType.CONSTRICT), lambda *levels: (0xAA, 3, 3, *levels)
    ),
    "sexverse-lg389": Combined(
        (OutputType.VIBRATE, OutputType.OSCILLATE),
        lambda vibration, oscillation: (
            *(0xAA, 5, vibration, 0x14),
            *((BASE, 0, FULL, 0) if oscillation else (0, 0, 0, 0)),
            *(oscillation, 0),
        ),
    ),
}

#: Protocols whose packets are to be acknowledged.
ACKNOWLEDGED = {"sexverse-v2", "sexverse-v3", "sexverse-v4", "sexverse-lg389"}


class PerMotor(Protocol):
    """A packet per motor, whatever kind of motor it is."""

    def output(self, output: Output) -> Iterable[Packet]:
        require_one_direction(output)
        return (self.packet(output.feature, output.value),)

    def packet(self, feature: int, level: int) -> Packet:
        """Return what sets the motor of a feature."""
        protocol = self.definition.protocol
        return Packet(bytes(PER_MOTOR[protocol](feature + 1, level)), response=protocol in ACKNOWLEDGED)


class AllMotors(Protocol):
    """One packet with all motors, one of each type."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._types, self._packet = COMBINED[definition.protocol]
        outputs = single_outputs(definition).items()
        self._features = {type_: feature for feature, type_ in outputs if type_ in self._types}

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(self._features.get(output.type) != output.feature for output in changed):
            return super().encode(changed, values)
        require_one_direction(*changed)
        levels = {type_: values.get(feature, 0) for type_, feature in self._features.items()}
        data = bytes(self._packet(*(levels.get(type_, 0) for type_ in self._types)))
        return (Packet(data, response=self.definition.protocol in ACKNOWLEDGED),)


PROTOCOLS: Mapping[str, type[Protocol]] = dict.fromkeys(PER_MOTOR, PerMotor) | dict.fromkeys(COMBINED, AllMotors)
