"""Xiuxiuda: ``[00 00 00 00 65 3A 30 level 64]``, the level 0..19."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Xiuxiuda(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0, 0, 0, 0, 0x65, 0x3A, 0x30, output.value, 0x64))),)
