"""Cupido: ``[B0 03 00 00 00 speed AA]``, a speed of 0..255."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Cupido(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xB0, 0x03, 0, 0, 0, output.value, 0xAA))),)
