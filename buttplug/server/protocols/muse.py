"""Muse: ``[speed 01]``, which lapses after about a second, so it is repeated while it is not 0.

A second byte of 00 would start a pattern. Written from notes: that 01 is right, as any but 00, and how often to repeat, is
our choice.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

REPEAT_AFTER = 0.5


class Muse(Protocol):
    """One vibrator, 0..9."""

    experimental = True

    def output(self, output: Output) -> Iterable[Packet]:
        yield Packet(bytes((output.value, 0x01)))
        self.repeat_after: float | None = REPEAT_AFTER if output.value else None
