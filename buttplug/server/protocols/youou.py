"""Youou: packets of 17 bytes that are counted.

====== ===================================================================
byte   meaning
====== ===================================================================
0..1   AA 55
2      number of the packet, modulo 256
3..5   02 03 01
6      speed, 0..247; what is above would be a pattern, so it is 247 too
7      01 while it runs, 00 at speed 0
8      exclusive or of bytes 0 to 7
9      FF
10..   00
====== ===================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import xor

from buttplug.server.protocols.base import Output, Packet, Protocol

FASTEST = 0xF7


class Youou(Protocol):
    """A vibrator."""

    _number = 0

    def output(self, output: Output) -> Iterable[Packet]:
        speed = min(output.value, FASTEST)
        head = bytes((0xAA, 0x55, self._number, 0x02, 0x03, 0x01, speed, speed > 0))
        yield Packet(head + bytes((reduce(xor, head), 0xFF)) + bytes(7))
        self._number = (self._number + 1) % 256
