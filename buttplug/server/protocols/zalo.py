"""Zalo: both motors in every packet, with response.

====== ============================================
byte   meaning
====== ============================================
0      01 to run, 02 to stop both motors
1      motor of feature 0, 1..8
2      motor of feature 1, 1..8; 01 where there is none
====== ============================================

What stops one motor while the other runs is not known: 01, which others send for it, is its lowest speed. Here it is 00,
behind a stop of both: a toy that does not take 00 stands still, rather than to run a motor that was stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

RUN = 0x01
STOP = Packet(b"\x02\x01\x01", response=True)
NO_MOTOR = 1
SLOTS = by_index(2)


class Zalo(Protocol):
    """One or two vibrators."""

    stops_in_order = True

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        speeds = [speed if index in values else NO_MOTOR for index, speed in enumerate(fill(SLOTS, values))]
        if not all(output.value for output in changed) or not any(values.values()):
            yield STOP
        if any(values.values()):
            yield Packet(bytes((RUN, *speeds)), response=True)
