"""Iterators that wait for what an asynchronous one gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

Item = TypeVar("Item")


class Runner(Protocol):
    """What runs coroutines in the event loop's thread."""

    @property
    def can_wait(self) -> bool:
        """Whether the caller may wait for the event loop."""

    def run(self, work: Coroutine[Any, Any, Any], /) -> Any:
        """Run a coroutine, and return what it returns."""

    def run_to_end(self, work: Coroutine[Any, Any, Any], /) -> Any:
        """Do the same with something that goes on when the waiting is interrupted."""

    def close_soon(self, close: Callable[[], Coroutine[Any, Any, object]], /) -> None:
        """Have something closed without waiting for it."""

    def faced(self, value: Any, /) -> Any:
        """Return something as the synchronous face has it."""


class Iteration(Iterator[Item], Generic[Item]):
    """An iterator over events or readings: ``for event in client.events()``.

    Each step waits for the next one. :meth:`poll` does not, for programs with a loop of their own. To leave the loop ends it;
    used as a context manager it has ended before the next line.
    """

    def __init__(self, runner: Runner, source: AsyncIterator[Any]) -> None:
        self._runner = runner
        self._source = source
        self._next: asyncio.Task[Any] | None = None
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        item = None if self._ended else self._runner.run(self._within(None))
        if item is None:
            raise StopIteration
        result: Item = self._runner.faced(item)
        return result

    def poll(self, timeout: float = 0.0) -> Item | None:
        """Return the next one if it is there within so many seconds, else None; after the end always None."""
        item = None if self._ended else self._runner.run(self._within(timeout))
        result: Item | None = self._runner.faced(item)
        return result

    def close(self) -> None:
        """End it: a subscription ends at the device."""
        if not self._ended:
            self._ended = True
            self._runner.run_to_end(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._ended and self._runner.can_wait:
            self.close()
        elif not self._ended:
            self._ended = True
            self._runner.close_soon(self._close)

    async def _within(self, timeout: float | None) -> object:
        """Return the next item, None where there is none in time or ever."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        while not self._ended:
            if self._next is None:
                self._next = asyncio.ensure_future(_next_of(self._source))
            # What is not there in time is waited for again the next time; an interruption does not lose it either.
            task = self._next
            await asyncio.wait([task], timeout=None if end is None else max(end - loop.time(), 0))
            if not task.done():
                return None
            if self._next is not task:
                # Another thread has it.
                continue
            self._next = None
            try:
                return task.result()
            except StopAsyncIteration:
                self._ended = True
            except BaseException:
                self._ended = True
                raise
        return None

    async def _close(self) -> None:
        self._ended = True
        task, self._next = self._next, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


async def _next_of(source: AsyncIterator[Any]) -> object:
    return await anext(source)
