"""Sexverse v2: asks for the battery level, ``[AA 04]``, before its motors run."""

from __future__ import annotations

from buttplug.server.protocols.base import Hardware, Packet
from buttplug.server.protocols.sexverse import PerMotor

ASK_FOR_BATTERY = Packet(bytes((0xAA, 4)), response=True)


class SexverseV2(PerMotor):
    """Up to three vibrators and thrusters. How an answer would arrive is not known, so none is waited for."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(ASK_FOR_BATTERY)
