"""iToys: one packet per feature, ``A0`` and five bytes.

========= =============================== ==============
output    on                              off
========= =============================== ==============
vibrate   01 00 00 speed FF               the same
oscillate 06 01 00 01 speed               06 00 00 00 00
rotate    08 01 00 speed FF               08 00 00 00 00
constrict 0D 00 00 level 64               0D 00 00 00 00
========= =============================== ==============

Rotation has one direction, whichever is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol


class Itoys(Protocol):
    """A vibrator, and with some models an oscillator, a rotator or a suction."""

    def output(self, output: Output) -> Iterable[Packet]:
        value = output.value
        match output.type:
            case OutputType.VIBRATE:
                content = (0x01, 0, 0, value, 0xFF)
            case OutputType.OSCILLATE:
                content = (0x06, 1, 0, 1, value) if value else (0x06, 0, 0, 0, 0)
            case OutputType.ROTATE:
                content = (0x08, 1, 0, abs(value), 0xFF) if value else (0x08, 0, 0, 0, 0)
            case OutputType.CONSTRICT:
                content = (0x0D, 0, 0, value, 0x64) if value else (0x0D, 0, 0, 0, 0)
            case _:
                return super().output(output)
        return (Packet(bytes((0xA0, *content))),)
