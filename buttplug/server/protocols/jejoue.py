"""Je Joue: two bytes, which motors run and how fast.

=========== ========================= =====================
motors on   byte 0                    byte 1
=========== ========================= =====================
both        01                        the lower speed, 1..5
the first   02                        its speed, 1..5
the second  03                        its speed, 1..5
none        01                        00
=========== ========================= =====================

There is one speed for both, so it is the lower one: no motor runs faster than it was told, or than its user allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(2)
BOTH, FIRST, SECOND = 0x01, 0x02, 0x03


class Jejoue(Protocol):
    """Two vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        first, second = fill(MOTORS, values)
        if first and second:
            motors, speed = BOTH, min(first, second)
        elif first:
            motors, speed = FIRST, first
        elif second:
            motors, speed = SECOND, second
        else:
            motors, speed = BOTH, 0
        return (Packet(bytes((motors, speed))),)
