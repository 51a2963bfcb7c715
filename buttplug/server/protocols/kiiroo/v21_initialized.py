"""Kiiroo's strokers of generation 2.1: packets as in :mod:`~buttplug.server.protocols.kiiroo.v21`, behind a hand-shake.

The hand-shake is two moves at full speed, to 25 and to 0. The devices end the link, and have to be switched on again, when
nothing was written for some three seconds: what was written last is repeated, which moves nothing that is there already, or
on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from buttplug.server.protocols.base import Hardware, Output, Packet
from buttplug.server.protocols.kiiroo.v21 import KiirooV21

TO_25 = Packet(b"\x03\x00\x64\x19")
TO_0 = Packet(b"\x03\x00\x64\x00")


class KiirooV21Initialized(KiirooV21):
    """A stroker."""

    repeat_after: float | None = 2.0

    _last = TO_0

    async def initialise(self, hardware: Hardware) -> None:
        for packet in (TO_25, TO_0):
            await hardware.write(structs.replace(packet, response=True))

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        for packet in super().encode(changed, values):
            yield packet
            self._last = packet

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (self._last,)
