"""Bluetooth LE devices are connected one after the other: adapters fail at two connects at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

#: Seconds after which it is the next one's turn although the link does not stand, and seconds between two looks at that.
TURN_LIMIT = 5.0
LOOK_INTERVAL = 0.05


class Client(Protocol):
    """What is asked of the library's client."""

    @property
    def is_connected(self) -> bool:
        """Whether the link stands."""


class ConnectTurns:
    """The turns of one adapter. ``waiting`` has the addresses of the devices that wait for theirs."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, address: str, client: Client) -> AsyncIterator[None]:
        """Wait for a turn. It ends when the link stands: how long a device takes to tell its services holds up no other."""
        self.waiting.add(address)
        try:
            await self._lock.acquire()
        finally:
            self.waiting.discard(address)
        turn = _Turn(self._lock, client)
        try:
            yield
        finally:
            turn.end()


class _Turn:
    def __init__(self, lock: asyncio.Lock, client: Client) -> None:
        self._lock = lock
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._latest = self._loop.time() + TURN_LIMIT
        self._next_look: asyncio.TimerHandle | None = self._loop.call_later(LOOK_INTERVAL, self._look)

    def end(self) -> None:
        """End it; a second time does nothing."""
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None
            self._lock.release()

    def _look(self) -> None:
        if self._client.is_connected or self._loop.time() >= self._latest:
            self.end()
        else:
            self._next_look = self._loop.call_later(LOOK_INTERVAL, self._look)
