"""Kiiroo's first generation: three characters, a digit, a comma and a line feed.

====== ================================================
byte   meaning
====== ================================================
0      30 + value, 0..4: the Pearl's speed, the place of
       the Onyx's rings
1..2   2C 0A
====== ================================================

Nobody is known to have driven one with this. The Onyx goes to its place as fast as it can: a duration cannot be said, and
there is no halt.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class KiirooV1(Protocol):
    """A vibrator, or a stroker of five places."""

    experimental = True

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(b"%d,\n" % output.value),)

    def travel_time(self, output: Output) -> int:
        return 0
