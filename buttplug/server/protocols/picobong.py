"""Picobong: ``[01 01 speed 1..10]``, and ``[01 FF 00]`` to stop: at speed 0 the motor would go on turning slowly."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

STOP = Packet(b"\x01\xff\x00")


class Picobong(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x01, 0x01, output.value))) if output.value else STOP,)
