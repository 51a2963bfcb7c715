"""What a client tells its program by itself, and the delivery of it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from buttplug.client.device import ButtplugDevice

logger = logging.getLogger(__name__)


class DeviceAdded(Struct, frozen=True):
    """A device was connected."""

    device: ButtplugDevice


class DeviceRemoved(Struct, frozen=True):
    """A device is gone: switched off, out of range, or lost with the connection to the server."""

    device: ButtplugDevice


class ScanningFinished(Struct, frozen=True):
    """The scan has ended."""


class ServerDisconnected(Struct, frozen=True):
    """The connection to the server ended, and not because the client closed it."""

    reason: str


class ErrorReceived(Struct, frozen=True):
    """Something went wrong that no call could raise."""

    error: Exception


ClientEvent: TypeAlias = DeviceAdded | DeviceRemoved | ScanningFinished | ServerDisconnected | ErrorReceived


class EventDelivery:
    """Delivers events one after the other, in a task that exists while there are any.

    What receives them may therefore take its time and use the client, while messages go on being read. A plain function has
    run before whoever waits for a later reply of the server goes on.
    """

    def __init__(self, deliver: Callable[[ClientEvent], Awaitable[None]]) -> None:
        self._deliver = deliver
        self._events: deque[ClientEvent] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, event: ClientEvent) -> None:
        """Deliver an event after those before it."""
        self._events.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._events:
            await self._deliver(self._events.popleft())
