"""Fleshy Thrust Sync: ``[place, time high, time low]``.

The place is 0..180, the time 0..65535 ms: what is longer takes just that. There is no halt: a stop is a short move to where
the part is estimated to be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

MOVE = struct.Struct(">BH")
LONGEST = 0xFFFF


class FleshyThrust(Protocol):
    """A stroker."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (Packet(MOVE.pack(output.value, self.travel_time(output))),)

    def travel_time(self, output: Output) -> int:
        return min(output.duration, LONGEST)
