"""Fox: ``[03 01 01 FE level]``, the level 0..3; above it are patterns."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Fox(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((3, 1, 1, 0xFE, output.value))),)
