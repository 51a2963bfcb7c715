"""Connections that have not shaken hands: how many there may be, for how long, and how many may come in a second.

They are no clients and take none of their places. Where too many come, one is dropped for each: of the address that has the
most of them, and of these one that says nothing, since who means it says at once what it wants.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from buttplug.core.listening.turns import StrangerQueue
from buttplug.core.log import logger_of
from buttplug.core.recent_warnings import RecentWarnings

logger: logging.Logger = logger_of(__name__)

#: Connections at a time that have not shaken hands.
MAX_STRANGERS = 64
#: Seconds that a connection has to shake hands, the websocket's and Buttplug's together.
HANDSHAKE_LIMIT = 10.0
#: Bytes that it may send for that.
MAX_STRANGER_BYTES = 1 << 16
#: Connections that are served in a second, and those that may come at once before that counts. More wait for their turn.
CONNECTS_PER_SECOND = 100
CONNECTS_AT_ONCE = 20
#: Where one has to go, seconds of silence after which it is the one.
PATIENCE = 0.1


@dataclass
class _Stranger:
    source: str
    drop: Callable[[], None]
    #: Since when it has been waited for; None while something that it said waits to be handled.
    silent_since: float | None
    #: Whether it has had its turn.
    is_served: bool = False


class Admission:
    """The strangers of one listener."""

    def __init__(self) -> None:
        self._strangers: dict[object, _Stranger] = {}
        self._waiting: dict[object, Callable[[], None]] = {}
        self._free = float(CONNECTS_AT_ONCE)
        self._counted_at = 0.0
        self._next: asyncio.TimerHandle | None = None
        self._warnings = RecentWarnings(logger)
        self._work = StrangerQueue()

    def arrived(self, stranger: object, source: str, drop: Callable[[], None]) -> None:
        """Note a new connection from an address; ``drop`` ends it."""
        now = asyncio.get_running_loop().time()
        if len(self._strangers) >= MAX_STRANGERS:
            self.warn(f"more than {MAX_STRANGERS} connections that do not shake hands: as many as come are dropped")
            dropped = self._strangers[one := self._one_to_drop(now)]
            self.left(one)
            dropped.drop()
        self._strangers[stranger] = _Stranger(source, drop, now)

    def said(self, stranger: object, handle: Callable[[], None]) -> None:
        """Have what a connection said handled, a little of all strangers at a time; the first of it when it is its turn."""
        known = self._strangers.get(stranger)
        if known is not None:
            known.silent_since = None
            if not known.is_served and not self._takes_turn():
                self._waiting[stranger] = handle
                if self._next is None:
                    self._serve_later()
                return
            known.is_served = True
        self._handle_later(stranger, handle)

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
        for stranger in strangers.values():
            stranger.drop()

    def _one_to_drop(self, now: float) -> object:
        counts = Counter(each.source for each in self._strangers.values())
        most = max(counts.values())
        candidates = {stranger: each for stranger, each in self._strangers.items() if counts[each.source] == most}
        silent = {
            stranger: each.silent_since
            for stranger, each in candidates.items()
            if each.silent_since is not None and now - each.silent_since > PATIENCE
        }
        if silent:
            return min(silent, key=lambda stranger: silent[stranger])
        # Nothing tells them apart: each has the same chance, whenever it came. Who is half-way through goes last.
        return random.choice([stranger for stranger, each in candidates.items() if not each.is_served] or list(candidates))

    def _takes_turn(self) -> bool:
        """Whether one may be served at once: those of this second are not used up, and nobody waits for one."""
        now = asyncio.get_running_loop().time()
        self._free = min(self._free + (now - self._counted_at) * CONNECTS_PER_SECOND, CONNECTS_AT_ONCE)
        self._counted_at = now
        if self._free < 1 or self._waiting:
            return False
        self._free -= 1
        return True

    def _serve_later(self) -> None:
        self._next = asyncio.get_running_loop().call_later(1 / CONNECTS_PER_SECOND, self._serve_next)

    def _serve_next(self) -> None:
        self._next = None
        if self._waiting:
            self._free, self._counted_at = 0.0, asyncio.get_running_loop().time()
            stranger = next(iter(self._waiting))
            handle = self._waiting.pop(stranger)
            self._strangers[stranger].is_served = True
            self._handle_later(stranger, handle)
            self._serve_later()

    def _handle_later(self, stranger: object, handle: Callable[[], None]) -> None:
        def handle_now() -> None:
            if (known := self._strangers.get(stranger)) is not None:
                known.silent_since = asyncio.get_running_loop().time()
            handle()

        self._work.add(handle_now)
