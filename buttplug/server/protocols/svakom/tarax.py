"""Svakom Tarax: a packet per motor.

========= =========== ====================== =====
byte      0..3        4                      5
========= =========== ====================== =====
vibrator  55 03 00 00 level, 1..3            02
..                    01 for level 0         01
pulsator  55 09 00 00 level, 0..3            00
========= =========== ====================== =====

Nobody knows for certain that the vibrator's packet for level 0 stops it: in its sisters ``svakom-barnard`` and
``svakom-dt250a`` the same bytes run it at level 1, and zeros stop it. So zeros come behind.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

VIBRATOR_OFF = (Packet(bytes((0x55, 3, 0, 0, 1, 1))), Packet(bytes((0x55, 3, 0, 0, 0, 0))))


class SvakomTarax(Protocol):
    """A vibrator inside and a pulsator outside."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.VIBRATE:
            return super().output(output)
        if output.feature:
            return (Packet(bytes((0x55, 9, 0, 0, output.value, 0))),)
        if output.value:
            return (Packet(bytes((0x55, 3, 0, 0, output.value, 2))),)
        return VIBRATOR_OFF
