"""Adrien Lastic: ASCII, to be acknowledged: ``MotorValue:05;`` with a speed of 0..16 in two digits."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Adrienlastic(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(f"MotorValue:{output.value:02};".encode(), response=True),)
