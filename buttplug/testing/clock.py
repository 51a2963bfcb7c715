"""A clock for tests: while it is in use, an event loop that has nothing to do goes on to its next timer at once.

Tests then wait for hours in microseconds, and every timer fires exactly when it is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Real seconds that a test may wait for something outside the loop (a thread, a socket) while no timer is pending.
PATIENCE = 10.0
#: Turns of the event loop in which all that is due at one moment gets done.
TURNS = 100


class Clock:
    """The time of an event loop that is on virtual time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._began = loop.time()

    @property
    def now(self) -> float:
        """Seconds since the clock was made, to the microsecond."""
        return round(self._loop.time() - self._began, 6)

    async def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens meanwhile and at its end."""
        await asyncio.sleep(seconds)
        for _ in range(TURNS):
            await asyncio.sleep(0)


class JumpingSelector:
    """Stands in for the selector of an event loop: it never waits while a timer is pending, and moves the clock instead."""

    def __init__(self, selector: Any, now: float) -> None:
        self.selector: Any = selector
        self.now: float = now

    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready; where nothing is, the time of the next timer has come.

        Raises:
            RuntimeError: No timer is pending, and nothing outside the loop happens either.
        """
        if timeout is None:
            ready = self.selector.select(PATIENCE)
            if not ready:
                raise RuntimeError("nothing will ever happen: no timer is pending and nothing is ready")
            return ready
        ready = self.selector.select(0)
        if not ready:
            self.now += timeout
        return ready

    def __getattr__(self, name: str) -> Any:
        return getattr(self.selector, name)


def put_on_virtual_time(loop: asyncio.AbstractEventLoop, now: float) -> JumpingSelector:
    """Have an event loop of asyncio use a clock that jumps.

    Raises:
        TypeError: It is another kind of event loop.
    """
    if not isinstance(loop, asyncio.BaseEventLoop) or not hasattr(loop, "_selector"):
        raise TypeError(f"{type(loop).__name__} cannot be on virtual time: that is for the event loops of asyncio")
    inner: Any = loop
    selector = inner._selector = JumpingSelector(inner._selector, now)
    inner.time = lambda: selector.now
    # Timers due within the resolution are run together; virtual time is exact.
    inner._clock_resolution = 1e-9
    return selector


@contextmanager
def virtual_time() -> Iterator[Clock]:
    """Have the running event loop on virtual time inside: ``with virtual_time() as clock: …``.

    It is for what lives in the event loop. Sockets, processes and threads go on in real time: who waits for one of them with a
    time limit is told at once that the limit is over.

    Raises:
        TypeError: The event loop is not one of asyncio.
    """
    loop = asyncio.get_running_loop()
    inner: Any = loop
    before = inner.time
    selector = put_on_virtual_time(loop, loop.time())
    try:
        yield Clock(loop)
    finally:
        inner._selector = selector.selector
        if isinstance(selector.selector, JumpingSelector):
            # It was on virtual time already.
            selector.selector.now = selector.now
            inner.time = before
        else:
            # It goes on from where it is, or timers that are pending would be due at another time.
            real = type(inner).time
            ahead = selector.now - real(inner)
            inner.time = lambda: real(inner) + ahead
