"""Nexus Revo Stealth: one packet per output, acknowledged.

========= ====== ============================================================
output    byte   meaning
========= ====== ============================================================
vibrator  0..4   AA 01 01 00 01
..        5      speed, 0..10
rotator   0..3   AA 01 02 00
..        4      speed 1 or 2; 3 or 4 for 1 and 2 in the positive direction
..        5      00
========= ====== ============================================================

Which direction is clockwise is not certain; the bytes are those that other programs send.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

SPEEDS = 2


class NexusRevo(Protocol):
    """A vibrator that rotates, in two directions."""

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE:
                data = bytes((0xAA, 0x01, 0x01, 0x00, 0x01, output.value))
            case OutputType.ROTATE:
                speed = output.value + SPEEDS if output.value > 0 else -output.value
                data = bytes((0xAA, 0x01, 0x02, 0x00, speed, 0x00))
            case _:
                return super().output(output)
        return (Packet(data, response=True),)
