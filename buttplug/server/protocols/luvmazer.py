"""Luvmazer: one packet per feature, ``A0`` and five bytes more.

============== ======================= ======================
output         bytes 1..4              byte 5
============== ======================= ======================
vibrator       01 00, feature, 64      speed, 0..255
.. feature 2   0C 00 00 64             tapping, 0..255
rotator        0F 00 00 64             speed, 0..255
thruster       06 01 00 64             speed, 0..255
suction        0D 00 00 14, off: 00    strength, 0..54 or 255
============== ======================= ======================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

#: The feature that taps, where a model has that many vibrators.
TAPPING = 2


class Luvmazer(Protocol):
    """A vibrator, and one or two motors of another kind."""

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE if output.feature == TAPPING:
                kind = b"\x0c\x00\x00\x64"
            case OutputType.VIBRATE:
                kind = bytes((0x01, 0x00, output.feature, 0x64))
            case OutputType.ROTATE:
                kind = b"\x0f\x00\x00\x64"
            case OutputType.OSCILLATE:
                kind = b"\x06\x01\x00\x64"
            case OutputType.CONSTRICT:
                kind = b"\x0d\x00\x00\x14" if output.value else b"\x0d\x00\x00\x00"
            case _:
                return super().output(output)
        return (Packet(bytes((0xA0, *kind, output.value))),)
