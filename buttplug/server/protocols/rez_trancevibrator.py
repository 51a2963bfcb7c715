"""Rez Trance Vibrator: a USB vendor request without data, given here as the eight bytes of its setup packet.

====== ============================================
byte   meaning
====== ============================================
0      43: to the device, vendor's, to other
1      01, the request
2..3   wValue: speed, 0..255, low byte first
4..7   wIndex and wLength: 00
====== ============================================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

REQUEST = b"\x43\x01"


class RezTrancevibrator(Protocol):
    """One vibrator."""

    experimental = True

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(REQUEST + output.value.to_bytes(2, "little") + bytes(4), endpoint="txvendorcontrol"),)
