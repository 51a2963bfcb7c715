"""Whose turn it is: the event loop is shared by all clients of a listener, and one that floods it has to wait.

So do strangers, all together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

#: Seconds of a turn of the event loop in which messages are handled, shared by all clients; and what each gets at the least.
TURN_TIME = 0.0005
SMALLEST_SHARE = 0.0001
#: Where others are connected, a client that used up its share waits for so many times what it used; and so do all strangers.
WAIT = 3.0
#: Seconds for which a client counts as busy that used up its share.
BUSY_TIME = 0.1


class Turns:
    """Says how much a client may do at once, and how long it then has to wait.

    So all clients that flood the server together keep it busy for a quarter of the time, and the others find it idle most of
    the time. A client that is alone does not wait.

    Args:
        clients: Returns how many there are.
    """

    def __init__(self, clients: Callable[[], int]) -> None:
        self._clients = clients
        self._busy: dict[UUID, float] = {}

    def share(self) -> float:
        """Return the seconds of work that one client may do before it gives way."""
        return max(TURN_TIME / max(1, self._clients()), SMALLEST_SHARE)

    def wait(self, connection: UUID, used: float) -> float:
        """Return the seconds for which a client has to give way after so many seconds of work."""
        if self._clients() <= 1:
            return 0.0
        now = time.perf_counter()
        self._busy[connection] = now
        if len(self._busy) > 1:
            self._busy = {other: at for other, at in self._busy.items() if now - at < BUSY_TIME}
        return WAIT * used * len(self._busy)


class OneByOne:
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
            self._free_at = asyncio.get_running_loop().time() + WAIT * (time.thread_time() - began)
            self._is_busy = bool(self._pieces)
            if self._is_busy:
                self._do_later()
