"""Umove: one packet with the vibration and the place, another for the temperature.

=========== ====== =====================================================
packet      byte   meaning
=========== ====== =====================================================
state       0..3   5A A5 55 00
..          4..5   vibration, 0..10000, low byte first
..          6..7   01 00
..          8..11  the packet's number, from 0 on, low byte first
..          12..15 place, low byte first
temperature 0..3   5A A5 55 06
..          4..11  FF FF 00 00 FF FF FF FF
..          12..13 degrees Celsius, 37..42, 0 for off; FF
=========== ====== =====================================================

A timed move is sent place by place. The state is repeated from the first one on until everything is stopped. What the toy
makes of temperature 0 is not known; nothing else could be off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.steps import steps_to

STATE = struct.Struct("<4sHHII")
STATE_HEAD = b"\x5a\xa5\x55\x00"
TEMPERATURE_HEAD = b"\x5a\xa5\x55\x06\xff\xff\x00\x00\xff\xff\xff\xff"

#: Packet numbers are unsigned 32-bit numbers.
NUMBERS = 1 << 32

#: Milliseconds between two places on a way.
STEP_TIME = 100
REPEAT_AFTER = 0.5

#: Where the advertised name has the model, as in ``UMMiB...``.
MODEL = slice(2, 4)


class Umove(Protocol):
    """A stroker; the Mira vibrates and warms as well."""

    repeats_regularly = True

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._vibrators = [feature.index for feature in definition.features if OutputType.VIBRATE in feature.outputs]
        self._number = 0
        #: Where the part was told to be; None before the first time.
        self._place: int | None = None
        self._ahead: Sequence[int] = ()
        self._interval = 0.0

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        return hardware.name[MODEL]

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        by_type = {output.type: output for output in changed}
        heat = by_type.pop(OutputType.TEMPERATURE, None)
        vibration = by_type.pop(OutputType.VIBRATE, None)
        for output in by_type.values():
            yield from self._move(output, values)
        if vibration is not None and not by_type:
            yield from self._tell(self._at, values)
        if heat is not None:
            yield Packet(TEMPERATURE_HEAD + bytes((heat.value, 0xFF)))

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        levels = [output for output in stopped if not output.type.is_position]
        if len(levels) == len(stopped):
            packets = list(self.encode(levels, values))
        else:
            self._halt()
            heaters = [output for output in levels if output.type is OutputType.TEMPERATURE]
            # Over a new link it moves nowhere by itself, so that a toy that only moves needs to be told no place.
            state = self._tell(self._at, values) if self._vibrators or self._place is not None else ()
            packets = [*state, *self.encode(heaters, values)]
        if not self._ahead and not any(values[feature] for feature in self._vibrators):
            self._halt()
        return packets

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        ahead = self._ahead
        if not ahead:
            return self._tell(self._at, values)
        self._halt()
        return self._go(ahead, values)

    @property
    def _at(self) -> int:
        """Where the part is taken to be."""
        lowest, highest = next(iter(self.places.values()), (0, 0))
        return lowest if self._place is None else min(max(self._place, lowest), highest)

    def _move(self, output: Output, values: Mapping[int, int]) -> Iterable[Packet]:
        if not output.type.is_position:
            yield from self.output(output)
        self._halt()
        ahead, self._interval = steps_to(output.value, self._at, output.duration, STEP_TIME)
        yield from self._go(ahead, values)

    def _halt(self) -> None:
        self._ahead = ()
        self.repeat_after = None

    def _go(self, ahead: Sequence[int], values: Mapping[int, int]) -> Iterable[Packet]:
        """Go to the next place. Only if that was written, the move goes on."""
        yield from self._tell(ahead[0], values)
        if len(ahead) > 1:
            self._ahead = ahead[1:]
            self.repeat_after = self._interval

    def _tell(self, place: int, values: Mapping[int, int]) -> Iterable[Packet]:
        vibration = sum(values[feature] for feature in self._vibrators)
        yield Packet(STATE.pack(STATE_HEAD, vibration, 1, self._number, place))
        self._number = (self._number + 1) % NUMBERS
        self._place = place
        if self.repeat_after is None:
            self.repeat_after = REPEAT_AFTER
