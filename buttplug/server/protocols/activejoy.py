"""IntoYou's eggs by ActiveJoy: one packet per motor.

====== ==========================================
byte   meaning
====== ==========================================
0      B0
1      01, vibrate
2      00
3      feature
4      01 while it runs, else 00
5      speed, 0..255
====== ==========================================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

VIBRATE = bytes((0xB0, 0x01, 0x00))


class Activejoy(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(VIBRATE + bytes((output.feature, output.value > 0, output.value))),)
