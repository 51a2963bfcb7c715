"""Sakuraneko: one packet per feature.

====== ========================================
byte   meaning
====== ========================================
0      A1 vibrate, A2 rotate
1..6   08 01 00 00 00 64
7      speed, 0..100; rotation has one direction
8      00
9      64 vibrate, 32 rotate
10..11 DF 55
====== ========================================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

#: Bytes 0 and 9.
KINDS = {OutputType.VIBRATE: (0xA1, 0x64), OutputType.ROTATE: (0xA2, 0x32)}


class Sakuraneko(Protocol):
    """A vibrator, for the Koikoi a rotator, too."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type not in KINDS:
            return super().output(output)
        first, ninth = KINDS[output.type]
        return (Packet(bytes((first, 0x08, 0x01, 0, 0, 0, 0x64, output.value, 0, ninth, 0xDF, 0x55))),)
