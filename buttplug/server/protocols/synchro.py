"""Synchro: ``[A1 01 speed 77 55]``, a speed of 0..6, with bit 7 set to turn anti-clockwise, for values below 0."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

ANTICLOCKWISE = 0x80


class Synchro(Protocol):
    """A rotator. Speeds over 6 would be built-in patterns; its range ends below."""

    def output(self, output: Output) -> Iterable[Packet]:
        direction = ANTICLOCKWISE if output.value < 0 else 0
        return (Packet(bytes((0xA1, 0x01, abs(output.value) | direction, 0x77, 0x55))),)
