"""Vorze Cyclone X10, a USB HID device: 16 bytes, of which the first is the report number.

====== =============================================
byte   meaning
====== =============================================
0..5   00 3C 30 31 35 32
6      30 running, 31 paused
7      30 + speed, 0..10
8      30
9      30 forwards, 31 backwards
10..15 30 01 02 03 68 3E
====== =============================================

Written from notes. They call speed 0 the lowest, not a halt, so off is a pause as well as speed 0: that, and which direction
is the positive one, is our choice. The Rinkaiten cannot be told apart from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

HEAD = b"\x00\x3c0152"
END = b"0\x01\x02\x03h>"
DIGIT = 0x30


class VorzeCycloneX(Protocol):
    """One rotator, -10..10."""

    experimental = True

    def output(self, output: Output) -> Iterable[Packet]:
        paused, backwards = output.value == 0, output.value < 0
        state = bytes((DIGIT + paused, DIGIT + abs(output.value), DIGIT, DIGIT + backwards))
        return (Packet(HEAD + state + END),)
