"""Nobra's Silicone Dreams: one byte for all motors, 61..6F for speeds 1..15, 70 for off.

Other bytes are commands of the control box. Some freeze it at its level or restart it, so none is ever sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

OFF = Packet(b"\x70")
SPEED = 0x60


class Nobra(Protocol):
    """One vibrator."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(OFF)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((SPEED + output.value,))) if output.value else OFF,)
