"""When the next packet and the next batch may be sent: after the spacing of the bus, and the message gap of the device."""

from __future__ import annotations


class Pace:
    """The pace of one device. ``gap`` and ``spacing``: the shortest times in seconds between batches and packets.

    Attributes:
        packet_due: The time from which a packet may be sent.
        batch_due: The time from which a batch may be begun; stops do not wait for it.
        written_at: When the last packet was written.
    """

    def __init__(self, gap: float, spacing: float, now: float) -> None:
        self.gap = gap
        self.packet_due: float = now
        self.batch_due: float = now
        self.written_at: float = now
        self._spacing = spacing

    def written(self, now: float, pause: float) -> None:
        """Note that a packet was written, behind which the device needs a pause."""
        self.packet_due = now + (pause if pause > self._spacing else self._spacing)
        self.written_at = now

    def batch_begun(self, now: float) -> None:
        """Note that a batch was begun, or a stop is over."""
        self.batch_due = now + self.gap
