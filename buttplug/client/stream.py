"""A queue that one consumer iterates over, and that its producer can end."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


class Stream(Generic[Item]):
    """An asynchronous iterator over what is put in. With a ``limit``, the oldest is dropped for the newest when it is full."""

    def __init__(self, limit: int | None = None) -> None:
        self._items: deque[Item] = deque(maxlen=limit)
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None

    def put(self, item: Item) -> None:
        """Add an item; nothing happens after the end."""
        if not self._ended:
            self._items.append(item)
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Let the iteration end once it has had the items that are there, with an error if one is given."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._ended:
                error, self._error = self._error, None
                raise error or StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._items.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
