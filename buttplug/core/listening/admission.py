"""Connections that have not shaken hands: how many there may be, for how long, and how many may come in a second.

They are no clients and take none of their places. Where too many come, those that wait longest go: who means it shakes hands
in no time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from buttplug.core.listening.turns import StrangerQueue
from buttplug.core.recent_warnings import RecentWarnings

logger: logging.Logger = logging.getLogger(__name__)

#: Connections at a time that have not shaken hands.
MAX_STRANGERS = 64
#: Seconds that a connection has to shake hands, the websocket's and Buttplug's together.
HANDSHAKE_LIMIT = 10.0
#: Bytes that it may send for that.
MAX_STRANGER_BYTES = 1 << 16
#: Connections that are served in a second, and those that may come at once before that counts. More wait for their turn.
CONNECTS_PER_SECOND = 100
CONNECTS_AT_ONCE = 20


class Admission:
    """The strangers of one listener, each with what ends its connection."""

    def __init__(self) -> None:
        self._strangers: dict[object, Callable[[], None]] = {}
        self._waiting: dict[object, Callable[[], None]] = {}
        self._free = float(CONNECTS_AT_ONCE)
        self._counted_at = 0.0
        self._next: asyncio.TimerHandle | None = None
        self._warnings = RecentWarnings(logger)
        #: Runs what has to be done for strangers, a little at a time.
        self.work: StrangerQueue = StrangerQueue()

    def arrived(self, stranger: object, *, serve: Callable[[], None], drop: Callable[[], None]) -> bool:
        """Note a new connection; return whether it is served at once. If not, ``serve`` is called when it is its turn."""
        if len(self._strangers) >= MAX_STRANGERS:
            oldest = next(iter(self._strangers))
            self.warn(f"more than {MAX_STRANGERS} connections that do not shake hands: the oldest ones are dropped")
            drop_oldest = self._strangers[oldest]
            self.left(oldest)
            drop_oldest()
        self._strangers[stranger] = drop
        now = asyncio.get_running_loop().time()
        self._free = min(self._free + (now - self._counted_at) * CONNECTS_PER_SECOND, CONNECTS_AT_ONCE)
        self._counted_at = now
        if self._free >= 1 and not self._waiting:
            self._free -= 1
            return True
        self._waiting[stranger] = serve
        if self._next is None:
            self._serve_later()
        return False

    def left(self, stranger: object) -> None:
        """Forget a connection: it has shaken hands, or is gone."""
        self._strangers.pop(stranger, None)
        self._waiting.pop(stranger, None)

    def warn(self, warning: str) -> None:
        """Log what a stranger did, not each time."""
        self._warnings.warn(warning)

    def drop_all(self) -> None:
        """Drop every connection that has not shaken hands."""
        strangers, self._strangers, self._waiting = self._strangers, {}, {}
        for drop in strangers.values():
            drop()

    def _serve_later(self) -> None:
        self._next = asyncio.get_running_loop().call_later(1 / CONNECTS_PER_SECOND, self._serve_next)

    def _serve_next(self) -> None:
        self._next = None
        if self._waiting:
            self._free, self._counted_at = 0.0, asyncio.get_running_loop().time()
            self._waiting.pop(next(iter(self._waiting)))()
            self._serve_later()
