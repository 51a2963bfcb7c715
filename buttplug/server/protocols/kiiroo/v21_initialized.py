"""Kiiroo's strokers of generation 2.1: packets as in :mod:`~buttplug.server.protocols.kiiroo.v21`, behind a hand-shake.

The hand-shake is two moves at full speed, to 25 and to 0, or as far and as fast as their user allows; none where that is not
at all. The devices end the link, and have to be switched on again, when nothing was written for some three seconds: what was
written last is repeated, which moves nothing that is there already, or on its way. A move that was not written for certain may
be under way all the same: then the last one before it is repeated at the lowest speed, for that takes the part back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from buttplug.server.protocols.base import Hardware, Output, Packet
from buttplug.server.protocols.kiiroo.v21 import KiirooV21
from buttplug.server.protocols.shared.strokes import FULL_SPEED, FULL_STROKE, LOWEST_SPEED, speed_for, time_for

#: What a move begins with, before its speed and its place.
MOVE = b"\x03\x00"
#: Where the hand-shake goes, and how fast: more than moves otherwise are.
AWAY, BACK = 25, 0
HAND_SHAKE_SPEED = 100

#: Seconds after which the last packet is repeated.
KEEP_AWAKE = 2.0


class KiirooV21Initialized(KiirooV21):
    """A stroker."""

    repeat_after: float | None = None

    _last: Packet | None = None

    async def initialise(self, hardware: Hardware) -> None:
        for feature, (shortest, _) in self.durations.items():
            lowest, highest = self.places[feature]
            at_full_speed = shortest <= time_for(FULL_STROKE, FULL_SPEED)
            speed = HAND_SHAKE_SPEED if at_full_speed else speed_for(FULL_STROKE, shortest)
            for place in (AWAY, BACK):
                self._last = Packet(MOVE + bytes((speed, min(max(place, lowest), highest))))
                await hardware.write(structs.replace(self._last, response=True))
                self.repeat_after = KEEP_AWAKE

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        for packet in super().encode(changed, values):
            self._last = self._last and slowest(self._last)
            yield packet
            self._last, self.repeat_after = packet, KEEP_AWAKE

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return () if self._last is None else (self._last,)


def slowest(packet: Packet) -> Packet:
    """Return the packet for the same move at the lowest speed; what is no move as it is."""
    if not packet.data.startswith(MOVE):
        return packet
    return structs.replace(packet, data=MOVE + bytes((LOWEST_SPEED, packet.data[-1])))
