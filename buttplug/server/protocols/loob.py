"""Joyroid Loob: ``[place, time]`` in two bytes each, high byte first.

The place is 1..1000, the time 1..65535 ms: what is longer takes just that. There is no halt: a stop is a short move to where
the part is estimated to be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

MOVE = struct.Struct(">HH")
LOWEST_PLACE = 1
SHORTEST = 1
LONGEST = 0xFFFF

#: The low end, within 500 ms; to be acknowledged.
SET_OUT = Packet(MOVE.pack(LOWEST_PLACE, 500), response=True)


class Loob(Protocol):
    """A stroker."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(SET_OUT)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (Packet(MOVE.pack(max(output.value, LOWEST_PLACE), self.travel_time(output))),)

    def travel_time(self, output: Output) -> int:
        return min(max(output.duration, SHORTEST), LONGEST)
