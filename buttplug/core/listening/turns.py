"""Whose turn it is: all clients of a listener share the event loop, and one that floods it has to wait.

Strangers have to wait too, all of them as if they were one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

#: Seconds of a turn of the event loop in which messages are handled, shared by all clients.
TURN_TIME = 0.0002
#: The least of it that each client gets.
SMALLEST_SHARE = 0.0001
#: The seconds instead for a client that is alone.
WHOLE_TURN = 0.0005
#: Seconds that handling one read should take at most, where several clients are connected.
LONG_READ = 0.00015
#: The same for a client that is alone.
LONGEST_READ = 0.0015
#: Where others are connected, seconds of work that a client may do without a pause.
CREDIT = 0.004
#: Once that is used up, seconds to wait for each second of work.
WAIT = 1.0
#: Seconds for which a client counts as busy after work that was counted.
BUSY_TIME = 0.1
#: Seconds for which nothing is done for strangers after each second of work for them.
STRANGERS_WAIT = 3.0


class Turns:
    """Says how much a client may do at once, and how long it then has to wait.

    So all clients that flood the server together keep it busy for half of the time, in short turns, and the others hardly
    notice. Who sends much now and then does not wait, and neither does a client that is alone.

    Args:
        clients: Returns how many there are.
    """

    def __init__(self, clients: Callable[[], int]) -> None:
        self._clients = clients
        #: For each client that was busy lately: what was left of its credit, and when that was.
        self._left: dict[UUID, tuple[float, float]] = {}
        self._looked_at = 0.0

    def share(self) -> float:
        """Return the seconds of work that one client may do before others have their turn."""
        clients = self._clients()
        return WHOLE_TURN if clients <= 1 else max(TURN_TIME / clients, SMALLEST_SHARE)

    def longest_read(self) -> float:
        """Return the seconds that handling one read should take at most."""
        return LONGEST_READ if self._clients() <= 1 else LONG_READ

    def wait(self, connection: UUID, used: float) -> float:
        """Count ``used`` seconds of a client's work; return the seconds it has to wait, 0 where it may go on."""
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


class StrangerQueue:
    """Does pieces of work for strangers: one in a turn of the event loop, and none for a while after it.

    So all of them together keep it busy for a quarter of the time, however many they are.
    """

    def __init__(self) -> None:
        self._pieces: deque[Callable[[], None]] = deque()
        self._free_at = 0.0
        self._is_busy = False

    def add(self, piece: Callable[[], None]) -> None:
        """Do a piece of work when it is its turn."""
        self._pieces.append(piece)
        if not self._is_busy:
            self._is_busy = True
            self._do_later()

    def _do_later(self) -> None:
        asyncio.get_running_loop().call_at(self._free_at, self._do_next)

    def _do_next(self) -> None:
        began = time.thread_time()
        try:
            self._pieces.popleft()()
        finally:
            self._free_at = asyncio.get_running_loop().time() + STRANGERS_WAIT * (time.thread_time() - began)
            self._is_busy = bool(self._pieces)
            if self._is_busy:
                self._do_later()
