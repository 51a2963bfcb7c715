"""Amorelie Joy: ``[03]`` once, then ``[01 pattern speed]``, pattern 1 for steady and a speed of 0..100."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

BEGIN = Packet(b"\x03")
STEADY = b"\x01\x01"


class AmorelieJoy(Protocol):
    """A vibrator. It answers nothing."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(BEGIN)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(STEADY + bytes((output.value,))),)
