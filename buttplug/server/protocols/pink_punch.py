"""Pink Punch: ``[09 level]``, the level 0..100, to be acknowledged; 07 and 08 are patterns."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class PinkPunch(Protocol):
    """One vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((9, output.value)), response=True),)
