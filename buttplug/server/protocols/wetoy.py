"""WeToy: ``[B2 speed]``, 0 the lowest of three speeds; off is ``[80 03]``. Above are patterns and a boost. Acknowledged."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

OFF = Packet(bytes((0x80, 3)), response=True)


class Wetoy(Protocol):
    """One vibrator, which is switched off at connection."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(OFF)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xB2, output.value - 1)), response=True) if output.value else OFF,)
