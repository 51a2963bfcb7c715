"""Subscriptions to inputs: one at the server, shared by all who listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from buttplug.client.stream import Stream
from buttplug.core.enums import InputCommandType
from buttplug.core.errors import ButtplugConnectorError, ButtplugError

Reading = TypeVar("Reading")

#: Readings kept for a listener that does not fetch them; then the oldest are dropped.
READING_LIMIT = 256


class Source(Protocol):
    """Where the readings come from."""

    @property
    def connected(self) -> bool:
        """Whether the device can be asked for anything."""

    @property
    def report(self) -> Callable[[Exception], None]:
        """Tells the program of an error that no call can raise."""


class Subscription(Generic[Reading]):
    """The subscription to one input, which is there while somebody listens.

    ``change`` has the server begin or end it; it raises :class:`ButtplugError`. ``reading_of`` makes a reading of a value.
    """

    def __init__(
        self,
        source: Source,
        change: Callable[[InputCommandType], Awaitable[None]],
        reading_of: Callable[[int], Reading],
    ) -> None:
        self._source = source
        self._change = change
        self._reading_of = reading_of
        self._listeners: set[Stream[Reading]] = set()
        #: None where it is not known: the server was told, and no answer came.
        self._subscribed: bool | None = False
        self._changing = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    def publish(self, value: int) -> None:
        """Give a value to all who listen."""
        reading = self._reading_of(value)
        for listener in self._listeners:
            listener.put(reading)

    def end(self, error: ButtplugError | None = None) -> None:
        """End the iteration of all who listen, because the server has ended the subscription, or is told to."""
        for listener in self._listeners:
            listener.end(error)
        self._listeners.clear()
        self._subscribed = False

    async def join(self, listener: Stream[Reading]) -> None:
        """Add a listener; the first one subscribes.

        Raises:
            ButtplugError: The device cannot, or there is no connection.
        """
        self._listeners.add(listener)
        async with self._changing:
            if not self._subscribed:
                # Whoever is cancelled here may not have been heard: the next one subscribes again.
                self._subscribed = None
                try:
                    await self._change(InputCommandType.SUBSCRIBE)
                except ButtplugConnectorError:
                    raise
                except ButtplugError:
                    self._subscribed = False
                    raise
                if self._subscribed is None:
                    # It was not ended meanwhile.
                    self._subscribed = True

    def leave(self, listener: Stream[Reading]) -> None:
        """Take a listener off; the last one unsubscribes, which :meth:`left` waits for.

        It goes on to its end even if who leaves is cancelled meanwhile.
        """
        self._listeners.discard(listener)
        if not self._listeners:
            task = asyncio.get_running_loop().create_task(self._unsubscribe())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def left(self) -> None:
        """Wait until everybody who has left has unsubscribed."""
        if self._leaving:
            await asyncio.wait(tuple(self._leaving))

    async def _unsubscribe(self) -> None:
        """Unsubscribe, where nobody listens any more. Nobody can do anything about a failure: it is reported.

        With the device or the session the subscription ends by itself.
        """
        async with self._changing:
            if self._subscribed is not False and not self._listeners and self._source.connected:
                self._subscribed = False
                try:
                    await self._change(InputCommandType.UNSUBSCRIBE)
                except ButtplugError as error:
                    if self._source.connected:
                        self._source.report(error)


async def readings(subscriptions: Sequence[Subscription[Reading]]) -> AsyncGenerator[Reading, None]:
    """Yield what the inputs report, until the consumer leaves; an input that ends, ends all."""
    stream = Stream[Reading](READING_LIMIT)
    try:
        for subscription in subscriptions:
            await subscription.join(stream)
        async for reading in stream:
            yield reading
    finally:
        for subscription in subscriptions:
            subscription.leave(stream)
        for subscription in subscriptions:
            await subscription.left()
