"""Joyroid Loob: ``[place, time]`` in two bytes each, high byte first.

The place is 1..1000, the time 1..65535 ms: what is longer takes just that. There is no halt: a stop is a short move to where
the part is estimated to be. When it is connected it is sent to its low end, to be acknowledged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from msgspec import structs

from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

MOVE = struct.Struct(">HH")
LOWEST_PLACE = 1
SHORTEST = 1
LONGEST = 0xFFFF

#: Milliseconds in which it sets out to its low end, at least.
SET_OUT_TIME = 500


class Loob(Protocol):
    """A stroker."""

    async def initialise(self, hardware: Hardware) -> None:
        for feature, (shortest, _) in self.durations.items():
            move = Output(feature, OutputType.POSITION_WITH_DURATION, self.places[feature][0], max(SET_OUT_TIME, shortest))
            for packet in self.output(move):
                await hardware.write(structs.replace(packet, response=True))

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (Packet(MOVE.pack(max(output.value, LOWEST_PLACE), self.travel_time(output))),)

    def travel_time(self, output: Output) -> int:
        return min(max(output.duration, SHORTEST), LONGEST)
