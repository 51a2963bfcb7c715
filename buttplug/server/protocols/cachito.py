"""Cachito: one packet per motor, ``[02 + feature, 01 + feature, value, 00]``."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Cachito(Protocol):
    """A thruster, 0..5, and a vibrator or a pump, 0..100."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((2 + output.feature, 1 + output.feature, output.value, 0))),)
