"""Max Pro: ``[55 04 07 FF FF 3F level 5F level checksum]``, the level 0..100, the checksum the sum of the bytes before it."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8


class Maxpro(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        data = bytes((0x55, 4, 7, 0xFF, 0xFF, 0x3F, output.value, 0x5F, output.value))
        return (Packet(data + bytes((sum8(data),))),)
