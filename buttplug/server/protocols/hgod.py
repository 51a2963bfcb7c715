"""Hgod: ``[55 04 00 00 00 speed]``, 0..10.

The motor stops within a second of the last packet, so that is repeated while it runs. For a stop speed 0 is sent, which notes
on this packet know of, instead of leaving the motor to its time-out.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol

#: Seconds from one packet to the next while it runs.
INTERVAL = 0.1


class Hgod(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        yield Packet(bytes((0x55, 0x04, 0x00, 0x00, 0x00, output.value)))
        self.repeat_after: float | None = INTERVAL if output.value else None
