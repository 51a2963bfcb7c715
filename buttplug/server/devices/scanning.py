"""Scans: begun by clients, and ended when no client wants one any more or every bus has finished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from buttplug.core.errors import ButtplugUnknownError
from buttplug.hardware.base import CommunicationManager
from buttplug.server.devices.buses import Buses
from buttplug.server.supervision import spawn

#: Called when a scan that a client wanted has ended by itself.
Finished: TypeAlias = Callable[[], None]


class Scans:
    """The scans of all clients, which share the buses.

    ``connecting`` are the devices that were found and are being connected: a scan has not finished before them. ``tasks``
    gets what goes on in the background.
    """

    def __init__(self, buses: Buses, connecting: set[asyncio.Task[None]], tasks: set[asyncio.Task[None]]) -> None:
        self.clients: dict[object, Finished] = {}
        #: Those whose scan has ended, and the devices it found that are still being connected.
        self._finishing: dict[object, tuple[Finished, set[asyncio.Task[None]]]] = {}
        self._buses = buses
        self._connecting = connecting
        self._tasks = tasks
        self._lock = asyncio.Lock()
        self._is_closed = False

    def __contains__(self, client: object) -> bool:
        """Whether a client has a scan that has not finished."""
        return client in self.clients or client in self._finishing

    async def start(self, client: object, finished: Finished) -> None:
        """Look for devices on every bus until the client stops it; ``finished`` is called if the scan ends before that.

        An earlier scan of the client whose devices are still being connected has finished by that.

        Raises:
            ButtplugUnknownError: No bus can be scanned; the message says why, for each.
        """
        async with self._lock:
            if self._is_closed:
                raise ButtplugUnknownError("the server is shutting down")
            if client in self.clients:
                return
            if client in self._finishing:
                self._finishing.pop(client)[0]()
            self.clients[client] = finished
            try:
                await self._buses.open_again(self._opened_late)
                started = await self._buses.start_scanning()
            finally:
                # What finishes while this goes on, or has finished already, is told after the answer to this request.
                asyncio.get_running_loop().call_soon(self.check_finished)
            if not self._buses.scanning and not started:
                del self.clients[client]
                why = self._buses.why_not()
                await self._end_unwanted()
                raise ButtplugUnknownError(f"nothing can be scanned: {why}")

    async def stop(self, client: object) -> bool:
        """End a client's scan; the buses go on while another client wants it.

        Returns whether the client had one and it has finished now. Where devices that were found are still being connected
        it finishes later, and the client is told then.
        """
        async with self._lock:
            finished = self.clients.pop(client, None)
            await self._end_unwanted()
            if finished is not None and self._connecting:
                self._finishing[client] = finished, set(self._connecting)
                return False
            return finished is not None

    def check_finished(self) -> None:
        """Tell clients whose scan has finished: no bus goes on, and what was found by then is connected."""
        if self.clients and not self._lock.locked() and not self._buses.scanning:
            for client, finished in self.clients.items():
                self._finishing[client] = finished, set(self._connecting)
            self.clients = {}
            spawn(self._tasks, self._end_waiting(), "ending the scan of buses that wait")
        for client, (finished, found) in tuple(self._finishing.items()):
            if found.isdisjoint(self._connecting):
                del self._finishing[client]
                finished()

    def close(self) -> None:
        """Let no client begin another scan."""
        self._is_closed = True

    async def _end_unwanted(self) -> None:
        if not self.clients:
            await self._buses.stop_scanning()

    async def _end_waiting(self) -> None:
        async with self._lock:
            await self._end_unwanted()

    def _opened_late(self, manager: CommunicationManager) -> None:
        if not self._is_closed:
            spawn(self._tasks, self._start_late(manager), f"scanning {manager.bus}")

    async def _start_late(self, manager: CommunicationManager) -> None:
        async with self._lock:
            if self.clients and not self._is_closed:
                await self._buses.start(manager)
                # What finished meanwhile is told now.
                asyncio.get_running_loop().call_soon(self.check_finished)
