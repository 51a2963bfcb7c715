"""Realov: ``[C5 55 level AA]``, the level 0..50."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Realov(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xC5, 0x55, output.value, 0xAA))),)
