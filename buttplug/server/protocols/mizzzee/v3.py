"""Mizz Zee v3: the level twice, in packets of 20 bytes that are acknowledged, and repeated every 0.2 s, zeros too.

====== ==================================================
byte   meaning
====== ==================================================
0..2   03 12 F3 (off: 03 12, and nothing but zeros)
3..10  00 FC 00 FE 40 01; strength, low byte first
11..18 the same
19     00
====== ==================================================

The strength is 0.3 for the lowest level and 1 for the highest, 1000, in the upper ten bits; the lower six are 3C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

OFF = bytes((3, 0x12)).ljust(20, b"\x00")

LOWER_BITS = 0x3C


class MizzzeeV3(Protocol):
    """One vibrator."""

    repeat_after: float | None = 0.2

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(_running(output.value) if output.value else OFF, response=True),)


def _running(level: int) -> bytes:
    share = (7 * level + 3000) * 1023 // 10000
    motor = bytes((0, 0xFC, 0, 0xFE, 0x40, 1)) + struct.pack("<H", share << 6 | LOWER_BITS)
    return bytes((3, 0x12, 0xF3)) + motor * 2 + b"\x00"
