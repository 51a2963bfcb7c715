"""Magic Motion."""

from __future__ import annotations

from functools import partial

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from tests.conformance.deviations import Deviation, SecondMotor

HEAD = bytes.fromhex("10 FF 04 0A 32 0A 00")


def _speeds(vibration: int, oscillation: int) -> Packet:
    return Packet(HEAD + bytes((0x04, 0x08, vibration, 0x64, 0x00, 0x04, 0x08, oscillation, 0x64, 0x01)))


DEVIATIONS = (
    Deviation(
        "magic-motion-2",
        "a model that oscillates is told to, and stopped",
        partial(SecondMotor, output=OutputType.OSCILLATE, packet=_speeds),
    ),
)
