"""The ping watchdog: a client that promised to ping and does not is taken for gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: Turns of the event loop that what was received already gets before a ping counts as missed: if the server was held up,
#: that is not the client's fault.
GRACE_TURNS = 16


class PingTimer:
    """Calls ``expired`` once when ``limit`` seconds pass without a restart. A limit of 0 is no limit."""

    def __init__(self, limit: float, expired: Callable[[], None]) -> None:
        self._limit = limit
        self._expired = expired
        self._handle: asyncio.Handle | None = None

    def restart(self) -> None:
        """Start, or start again."""
        self.cancel()
        if self._limit:
            self._handle = asyncio.get_running_loop().call_later(self._limit, self._expire_after, GRACE_TURNS)

    def cancel(self) -> None:
        """End for now; restarting is possible."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _expire_after(self, turns: int) -> None:
        if turns:
            self._handle = asyncio.get_running_loop().call_soon(self._expire_after, turns - 1)
        else:
            self._handle = None
            self._expired()
