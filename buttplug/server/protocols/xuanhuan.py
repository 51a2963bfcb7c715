"""Xuanhuan: ``[03 02 00 speed]``, to be acknowledged, and repeated while it is not 0."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

REPEAT_AFTER = 0.3


class Xuanhuan(Protocol):
    """One vibrator, 0..10."""

    def output(self, output: Output) -> Iterable[Packet]:
        yield Packet(bytes((0x03, 0x02, 0x00, output.value)), response=True)
        self.repeat_after: float | None = REPEAT_AFTER if output.value else None
