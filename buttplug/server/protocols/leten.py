"""Leten: ``[02 speed]``, 0..25, to be acknowledged and repeated every second, after a first ``[04 01]``."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

START = Packet(b"\x04\x01", response=True)


class Leten(Protocol):
    """A vibrator."""

    repeat_after: float | None = 1.0

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(START)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x02, output.value)), response=True),)
