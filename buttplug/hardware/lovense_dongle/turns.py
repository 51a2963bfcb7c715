"""Lines to a dongle leave one at a time and some time apart, whichever toy they are for: it drops those that come faster."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Gives turns, one at a time, ``spacing`` seconds after the end of the one before. Those that are urgent come first."""

    def __init__(self, spacing: float) -> None:
        self._spacing = spacing
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        self._pause: asyncio.TimerHandle | None = None

    async def begin(self, *, urgent: bool) -> None:
        """Wait for a turn, which lasts until :meth:`end`. Who is cancelled while waiting has none."""
        begun = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._others).append(begun)
        self._begin_next()
        try:
            await begun
        except asyncio.CancelledError:
            if not begun.cancelled():
                # It had begun, and nothing was done in it.
                self._is_taken = False
                self._begin_next()
            raise

    def end(self) -> None:
        """End the turn that was begun last."""
        self._is_taken = False
        self._pause = asyncio.get_running_loop().call_later(self._spacing, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._begin_next()

    def _begin_next(self) -> None:
        while not self._is_taken and self._pause is None and (waiting := self._urgent or self._others):
            begun = waiting.popleft()
            # A waiter that was cancelled stays in its queue until it is found here.
            if not begun.cancelled():
                self._is_taken = True
                begun.set_result(None)
