"""Whose turn it is: the event loop is shared by all clients of a listener, and one that floods it has to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

#: Seconds of a turn of the event loop in which messages are handled, shared by all clients; what each gets at the least; and
#: what a client gets that is alone.
TURN_TIME = 0.0002
SMALLEST_SHARE = 0.0001
WHOLE_TURN = 0.0005
#: Seconds of work that one read of a connection should not take longer than, and of a client that is alone.
LONG_READ = 0.00015
LONGEST_READ = 0.0015
#: Where others are connected, seconds of work that a client may do without a pause; and for how many times what it has used it
#: then waits, so that the event loop is free for most of the time.
CREDIT = 0.004
WAIT = 1.0
#: Seconds for which a client counts as busy that has done something that took long.
BUSY_TIME = 0.1


class Turns:
    """Says how much a client may do at once, and how long it then has to wait.

    So all clients that flood the server together keep it busy for a quarter of the time, and the others find it idle most of
    the time. Who sends much now and then does not wait, and neither does a client that is alone.

    Args:
        clients: Returns how many there are.
    """

    def __init__(self, clients: Callable[[], int]) -> None:
        self._clients = clients
        #: What each that was busy lately had left of its credit, and when.
        self._left: dict[UUID, tuple[float, float]] = {}
        self._looked_at = 0.0

    def share(self) -> float:
        """Return the seconds of work that one client may do before others have their turn."""
        clients = self._clients()
        return WHOLE_TURN if clients <= 1 else max(TURN_TIME / clients, SMALLEST_SHARE)

    def longest_read(self) -> float:
        """Return the seconds of work that one read should not take longer than."""
        return LONGEST_READ if self._clients() <= 1 else LONG_READ

    def wait(self, connection: UUID, used: float) -> float:
        """Count so many seconds of work of a client; return the seconds for which it has to wait, 0 where it may go on."""
        if self._clients() <= 1:
            self._left.clear()
            return 0.0
        now = time.perf_counter()
        if now - self._looked_at > BUSY_TIME:
            self._looked_at = now
            self._left = {other: (left, since) for other, (left, since) in self._left.items() if now - since < BUSY_TIME}
        left, since = self._left.get(connection, (CREDIT, now))
        part = 1 / (1 + WAIT) / (len(self._left) + (connection not in self._left))
        left = min(left + (now - since) * part, CREDIT) - used
        self._left[connection] = left, now
        return max(-left / part, 0.0)
