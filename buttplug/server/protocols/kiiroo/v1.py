"""Kiiroo's first generation: three characters, a digit, a comma and a line feed.

====== ================================================
byte   meaning
====== ================================================
0      30 + value, 0..4: the Pearl's speed, the place of
       the Onyx's rings
1..2   2C 0A
====== ================================================

Nobody is known to have driven one with this. The Onyx goes to its place as fast as it can: a duration cannot be said, and
there is no halt. A stop leaves it alone where its place is not known: any packet could throw it, and its move is soon over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol


class KiirooV1(Protocol):
    """A vibrator, or a stroker of five places."""

    experimental = True

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(b"%d,\n" % output.value),)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        harmless = [output for output in stopped if not output.type.is_position or output.start == output.value]
        return self.encode(harmless, values)

    def travel_time(self, output: Output) -> int:
        return 0
