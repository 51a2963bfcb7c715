"""Kiiroo's strokers of generation 2.1: packets as in :mod:`~buttplug.server.protocols.kiiroo.v21`, behind a hand-shake.

The hand-shake is two moves at full speed, to 25 and to 0. The devices end the link, and have to be switched on again, when
nothing was written for some three seconds: what was written last is repeated, which moves nothing that is there already, or
on its way. A move that was not written for certain may be under way all the same: then the last one before it is repeated at
the lowest speed, for that takes the part back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from buttplug.server.protocols.base import Hardware, Output, Packet
from buttplug.server.protocols.kiiroo.v21 import KiirooV21
from buttplug.server.protocols.shared.strokes import LOWEST_SPEED

#: What a move begins with, before its speed and its place.
MOVE = b"\x03\x00"
TO_25 = Packet(MOVE + b"\x64\x19")
TO_0 = Packet(MOVE + b"\x64\x00")


class KiirooV21Initialized(KiirooV21):
    """A stroker."""

    repeat_after: float | None = 2.0

    _last = TO_0

    async def initialise(self, hardware: Hardware) -> None:
        for packet in (TO_25, TO_0):
            await hardware.write(structs.replace(packet, response=True))

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        for packet in super().encode(changed, values):
            self._last = slowest(self._last)
            yield packet
            self._last = packet

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (self._last,)


def slowest(packet: Packet) -> Packet:
    """Return the packet for the same move at the lowest speed; what is no move as it is."""
    if not packet.data.startswith(MOVE):
        return packet
    return structs.replace(packet, data=MOVE + bytes((LOWEST_SPEED, packet.data[-1])))
