"""Connections that have not shaken hands: how many there may be, for how long, and how many may come in a second.

They are no clients and take none of their places. Where too many come, those that wait longest go: who means it shakes hands
in no time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from buttplug.server.recent_warnings import RecentWarnings

logger = logging.getLogger(__name__)

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
        self._next_free = 0.0
        self._warnings = RecentWarnings(logger)

    def arrived(self, stranger: object, drop: Callable[[], None]) -> float:
        """Note a new connection; return the seconds it has to wait before it is served."""
        if len(self._strangers) >= MAX_STRANGERS:
            oldest = next(iter(self._strangers))
            self.warn(f"more than {MAX_STRANGERS} connections that do not shake hands: the oldest ones are dropped")
            self._strangers.pop(oldest)()
        self._strangers[stranger] = drop
        now = asyncio.get_running_loop().time()
        turn = max(self._next_free, now - CONNECTS_AT_ONCE / CONNECTS_PER_SECOND) + 1 / CONNECTS_PER_SECOND
        # No more can wait than there may be.
        self._next_free = min(turn, now + MAX_STRANGERS / CONNECTS_PER_SECOND)
        return max(0.0, self._next_free - now)

    def left(self, stranger: object) -> None:
        """Forget a connection: it has shaken hands, or is gone."""
        self._strangers.pop(stranger, None)

    def warn(self, warning: str) -> None:
        """Log what a stranger did, not each time."""
        self._warnings.warn(warning)

    def drop_all(self) -> None:
        """Drop every connection that has not shaken hands."""
        strangers, self._strangers = self._strangers, {}
        for drop in strangers.values():
            drop()
