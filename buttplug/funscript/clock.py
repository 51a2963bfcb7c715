"""Another clock than that of the event loop: that of a video, which a player of scripts follows."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import TypeAlias

#: Returns where a video is, in seconds, or None while it stands; or is a coroutine function that does.
Clock: TypeAlias = Callable[[], float | Awaitable[float | None] | None]


class Question:
    """Asks a clock; one that does not answer within so many seconds counts as one that stands."""

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._answer: asyncio.Future[float | None] | None = None

    async def ask(self) -> float | None:
        """Return the time; None where it stands, does not answer, or says no number. Raise what the clock raises."""
        time = await self._ask()
        return time if time is not None and isfinite(time) else None

    async def _ask(self) -> float | None:
        if self._answer is None:
            time = self._clock()
            if not inspect.isawaitable(time):
                return time
            self._answer = asyncio.ensure_future(time)
        # One question at a time: what does not answer is not asked again meanwhile.
        await asyncio.wait([self._answer], timeout=self._patience)
        if not self._answer.done():
            return None
        answer, self._answer = self._answer, None
        if answer.cancelled():
            # To pass that on would look as if the asking itself were cancelled, and end it in silence.
            raise RuntimeError("its answer was cancelled")
        return answer.result()

    def give_up(self) -> None:
        """Wait for no answer any more."""
        if self._answer is not None:
            self._answer.cancel()
