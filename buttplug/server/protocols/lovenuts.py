"""Love Nut: a pattern of twenty steps, all the same.

====== ===================================================
byte   meaning
====== ===================================================
0..3   45 56 4F 4C
4..13  a step in each half of a byte: speed, 0..15
14..15 00 FF, time from step to step; 00 00 may crash it
====== ===================================================
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

PATTERN = b"EVOL"
INTERVAL = b"\x00\xff"


class Lovenuts(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        two_steps = output.value << 4 | output.value
        return (Packet(PATTERN + bytes((two_steps,)) * 10 + INTERVAL),)
