"""Running something in an event loop from outside of it: from another thread, or when nothing runs the loop any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def runs_in_this_thread(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether the caller was called, or interrupted, by this loop."""
    return asyncio._get_running_loop() is loop


def run_from_outside(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]], limit: float) -> T:
    """Run a coroutine in a loop that runs in another thread, or is not running; return its result, or raise what it raised.

    Raises:
        TimeoutError: It did not end within ``limit`` seconds, or was not even begun, since the loop is blocked.
        RuntimeError: The loop is closed, or cannot be run here.
    """
    if loop.is_running():
        return asyncio.run_coroutine_threadsafe(work(), loop).result(limit)
    coroutine = work()
    try:
        return loop.run_until_complete(asyncio.wait_for(coroutine, limit))
    finally:
        coroutine.close()
