"""Youcups: text, ``$SYS,level?``, the level 0..8."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Youcups(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(b"$SYS,%d?" % output.value),)
