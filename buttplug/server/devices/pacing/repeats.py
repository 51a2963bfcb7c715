"""When a protocol's next repeat is due. Pure: times are given."""

from __future__ import annotations

from math import inf

from buttplug.server.protocols.base import Protocol

#: The shortest time between two repeats, in seconds, whatever a protocol says: others get their turn in between.
SHORTEST = 0.005
#: Seconds until a failed repeat is tried again: at once, and then ever later.
RETRIES = (0.0, 0.1, 0.2, 0.5, 1.0)


class Repeats:
    """The repeats of one protocol, which may begin and end them at any time by setting its ``repeat_after``.

    ``counted_from`` is the time from which the next one is counted, where they are regular; None for the last packet's.
    """

    def __init__(self, protocol: Protocol, now: float) -> None:
        self.counted_from: float | None = None
        self._protocol = protocol
        self._due = now
        self._is_first = protocol.repeat_after is not None
        self._not_before = now
        self._failures = 0

    def due(self, written_at: float) -> float:
        """Return the time of the next repeat, infinity where there is none; ``written_at`` is that of the last packet."""
        after = self._protocol.repeat_after
        if after is None:
            self.counted_from = None
            return inf
        if not self._protocol.repeats_regularly or self.counted_from is None:
            self.counted_from = written_at
        due = self._not_before if self._failures or self._is_first else self.counted_from + after
        self._due = max(due, self._not_before)
        return self._due

    def ended(self, now: float, *, failed: bool) -> None:
        """Count the next repeat from this one; from when it was due where repeats are regular, so that they do not drift.

        One that was not written is tried again: at once, and then ever later.
        """
        delay = RETRIES[min(self._failures, len(RETRIES) - 1)] if failed else 0.0
        self._not_before = now + max(delay, SHORTEST)
        self._failures = self._failures + 1 if failed else 0
        self._is_first = False
        self.counted_from = max(self._due, now - (self._protocol.repeat_after or 0.0))
