"""Galaku."""

from __future__ import annotations

from functools import partial

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.server.protocols.galaku.cipher import enciphered
from tests.conformance.deviations import Deviation, SecondMotor


def _speeds(first: int, second: int) -> Packet:
    return Packet(enciphered(bytes((0x5A, 0x00, 0x00, 0x01, 0x40, 0x03, first, second, 0x00, 0x00))))


DEVIATIONS = (
    Deviation("galaku", "a model that rotates is told to", partial(SecondMotor, output=OutputType.ROTATE, packet=_speeds)),
)
