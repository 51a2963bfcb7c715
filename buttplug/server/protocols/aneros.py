"""Aneros Vivi: one packet per motor, ``[F1 + feature, speed 0..127]``."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

FIRST_MOTOR = 0xF1


class Aneros(Protocol):
    """Two vibrators."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((FIRST_MOTOR + output.feature, output.value))),)
