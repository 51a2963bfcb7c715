"""Meese: one packet per motor, with response, ``[01 80, feature + 1, value]``."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Meese(Protocol):
    """A vibrator, 0..10; most models have a pump, 0..3."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x01, 0x80, output.feature + 1, output.value)), response=True),)
