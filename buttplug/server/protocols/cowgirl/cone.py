"""The Cowgirl Cone: ``[F1 01 speed 00]``, 0..128, some seconds after a first packet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

START = Packet(b"\xaa\x56\x00\x00")
#: Seconds that the device needs until it takes speeds.
START_TIME = 3.0


class CowgirlCone(Protocol):
    """A vibrator."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(START)
        await asyncio.sleep(START_TIME)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0xF1, 0x01, output.value, 0x00))),)
