"""Motorbunny: one packet per feature; byte 0 and the last one are not in the checksum.

======= ====== ================================================================================
feature byte   meaning
======= ====== ================================================================================
vibrate 0      FF
..      1..14  seven times: speed, 1..255; 14
rotate  0      AF
..      1..14  seven times: 2A for the positive direction, 29 for the negative; speed, 1..255
both    15     sum of bytes 1 to 14
..      16     EC
off     0      F0 for the vibrator, A0 for the rotator
..      1..5   00 00 00 00 EC
======= ====== ================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8

PAIRS = 7
VIBRATION = 0x14
POSITIVE = 0x2A
NEGATIVE = 0x29
END = b"\xec"


class Motorbunny(Protocol):
    """A vibrator and a rotator."""

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE:
                return (_packet(0xF0, output.value, VIBRATION),)
            case OutputType.ROTATE:
                return (_packet(0xA0, POSITIVE if output.value > 0 else NEGATIVE, abs(output.value)),)
            case _:
                return super().output(output)


def _packet(off: int, *pair: int) -> Packet:
    """Return the packet of a feature; a pair with a 0 switches it off."""
    if not all(pair):
        return Packet(bytes((off, 0, 0, 0, 0)) + END)
    pairs = bytes(pair) * PAIRS
    return Packet(bytes((off | 0x0F, *pairs, sum8(pairs))) + END)
