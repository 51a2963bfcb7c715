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
        self._subscribed = False
        self._changing = asyncio.Lock()

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
                self._subscribed = True
                try:
                    await self._change(InputCommandType.SUBSCRIBE)
                except ButtplugError as error:
                    # Where no answer came, the server may have subscribed.
                    self._subscribed = isinstance(error, ButtplugConnectorError) and self._source.connected
                    raise

    async def leave(self, listener: Stream[Reading]) -> None:
        """Take a listener off; the last one unsubscribes. Who leaves cannot do anything about a failure: it is reported.

        With the device or the session the subscription ends by itself.
        """
        self._listeners.discard(listener)
        async with self._changing:
            if self._subscribed and not self._listeners and self._source.connected:
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
            await subscription.leave(stream)
