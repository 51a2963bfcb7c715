"""Subscriptions to inputs: one at the server, shared by all who listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from buttplug.client.stream import Stream
from buttplug.core.enums import InputCommandType
from buttplug.core.errors import ButtplugConnectorError, ButtplugError
from buttplug.core.messages import Ok

if TYPE_CHECKING:
    from buttplug.client.feature import DeviceFeature

#: Readings kept for a listener that does not fetch them; then the oldest are dropped.
READING_LIMIT = 256


class Reading(Struct, frozen=True):
    """A value that a device reported by itself."""

    feature: DeviceFeature
    value: int


class Subscription:
    """The subscription to one input of one feature, which is there while somebody listens."""

    def __init__(self, feature: DeviceFeature, input_type: str) -> None:
        self._feature = feature
        self._input_type = input_type
        self._listeners: set[Stream[Reading]] = set()
        self._subscribed = False
        self._changing = asyncio.Lock()

    def publish(self, value: int) -> None:
        """Give a reading to all who listen."""
        reading = Reading(self._feature, value)
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
                    await self._feature._run_input(self._input_type, InputCommandType.SUBSCRIBE, Ok)
                except ButtplugError as error:
                    # Where no answer came, the server may have subscribed.
                    self._subscribed = isinstance(error, ButtplugConnectorError)
                    raise

    async def leave(self, listener: Stream[Reading]) -> None:
        """Take a listener off; the last one unsubscribes. Who leaves cannot do anything about a failure: it is reported."""
        self._listeners.discard(listener)
        async with self._changing:
            if self._subscribed and not self._listeners:
                self._subscribed = False
                try:
                    await self._feature._run_input(self._input_type, InputCommandType.UNSUBSCRIBE, Ok)
                except ButtplugError as error:
                    self._feature.device._connection.report(error)


async def readings(subscriptions: Sequence[Subscription]) -> AsyncGenerator[Reading, None]:
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
