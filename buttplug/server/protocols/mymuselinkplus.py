"""MyMuse Link+: ``[AA 55 06 01 01 01 level FF]``, the level 1..3; off is ``[AA 55 06 AA 00 00 00 00]``."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

OFF = Packet(bytes((0xAA, 0x55, 6, 0xAA, 0, 0, 0, 0)))


class Mymuselinkplus(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xAA, 0x55, 6, 1, 1, 1, output.value, 0xFF))) if output.value else OFF,)
