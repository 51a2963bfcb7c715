"""Blocking calls, on threads that can be left behind.

An executor's threads are waited for when the interpreter ends, so a driver that hangs would keep it from ending. The threads
here are daemons, and every wait for them has a limit.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class _Call(Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        self.function = function
        self.future: Future[T] = Future()

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.function()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Worker:
    """A thread for the blocking calls of one device, which run one after the other in the order they were given."""

    def __init__(self, name: str) -> None:
        """Start the thread; ``name`` is what a debugger shows."""
        self._runs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def post(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called; do not wait for it."""
        call = _Call(function)
        self._runs.put(call.run)
        return call.future

    async def call(self, function: Callable[[], T], limit: float) -> T:
        """Have a function called and return its result, or raise what it raised.

        A call that is given up, because of the limit or because the task is cancelled, goes on when it has begun; otherwise
        it never runs.

        Raises:
            TimeoutError: There was no result within ``limit`` seconds.
        """
        async with asyncio.timeout(limit):
            return await asyncio.wrap_future(self.post(function))

    def end(self) -> None:
        """Let the thread end after the calls it was given."""
        self._runs.put(None)

    def _work(self) -> None:
        while (run := self._runs.get()) is not None:
            run()


async def in_thread(function: Callable[[], T], limit: float) -> T:
    """Call a function on a thread of its own and return its result, or raise what it raised.

    Raises:
        TimeoutError: There was no result within ``limit`` seconds; the thread goes on.
    """
    worker = Worker(getattr(function, "__qualname__", "blocking call"))
    try:
        return await worker.call(function, limit)
    finally:
        worker.end()
