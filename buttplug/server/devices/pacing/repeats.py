"""When a protocol's next repeat is due. Pure: times are given."""

from __future__ import annotations

from math import inf

from buttplug.server.protocols.base import Protocol

#: The shortest time between two repeats, in seconds, whatever a protocol says: others get their turn in between.
SHORTEST = 0.005
#: Seconds until a failed repeat is tried again: at once, and then ever later.
RETRIES = (0.0, 0.1, 0.2, 0.5, 1.0)


class Repeats:
    """The repeats of one protocol, which may begin and end them at any time by setting its ``repeat_after``."""

    def __init__(self, protocol: Protocol, now: float) -> None:
        self._protocol = protocol
        self._counted_from = now - (protocol.repeat_after or 0.0)
        self._was_due = now
        self._retry_at: float | None = None
        self._failures = 0

    @property
    def due(self) -> float:
        """The time of the next repeat; infinity where there is none."""
        after = self._protocol.repeat_after
        if after is None:
            return inf
        return self._counted_from + after if self._retry_at is None else self._retry_at

    def packet_written(self, now: float) -> None:
        """Count from here what fills silence, and what has not begun yet."""
        if self._protocol.repeat_after is None or not self._protocol.repeats_regularly:
            self._counted_from = now
            self._retry_at = None

    def begin(self) -> None:
        """Note that a repeat is being sent."""
        self._was_due = self.due

    def ended(self, now: float, *, failed: bool) -> None:
        """Count the next repeat from this one; from when it was due where repeats are regular, so that they do not drift.

        One that was not written is tried again: at once, and then ever later.
        """
        if failed:
            self._retry_at = now + max(RETRIES[min(self._failures, len(RETRIES) - 1)], SHORTEST)
            self._failures += 1
            return
        self._failures, self._retry_at = 0, None
        began = self._was_due if self._protocol.repeats_regularly else now
        self._counted_from = max(began, now + SHORTEST - (self._protocol.repeat_after or 0.0))
