"""Omobo: ``[A1 04 04 01 level FF 55]``, the level 0..100, to be acknowledged."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Omobo(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xA1, 4, 4, 1, output.value, 0xFF, 0x55)), response=True),)
