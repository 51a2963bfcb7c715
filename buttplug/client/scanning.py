"""Scans: started and stopped by the program, or for as long as it waits for something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from buttplug.client.connection import Connection
from buttplug.client.device import ButtplugDevice
from buttplug.client.devices import Devices
from buttplug.client.events import ClientEvent, DeviceAdded, ScanningFinished, ServerDisconnected, ServerReconnected
from buttplug.core.errors import ButtplugConnectorError, ButtplugDeviceError, DeviceErrorReason
from buttplug.core.messages import Ok, ServerMessage, StartScanning, StopScanning

#: Seconds after the end of a scan before the next one, while a device is waited for.
RESCAN_PAUSE = 1.0


class Scanner:
    """The scans of one client.

    Args:
        connection: Returns the connection in use; raises :class:`ButtplugConnectorError` when there is none.
        events: Returns an iterator over the client's events from now on.
        devices: The client's devices.
        reconnecting: Returns whether the client is coming back to its server by itself.

    Attributes:
        active: Whether a scan of this client is under way.
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        events: Callable[[], AsyncIterator[ClientEvent]],
        devices: Devices,
        reconnecting: Callable[[], bool],
    ) -> None:
        self.active: bool = False
        self._connection = connection
        self._events = events
        self._devices = devices
        self._reconnecting = reconnecting
        self._started_by_program = False
        self._waiting = 0

    async def start(self) -> None:
        """Start a scan that goes on until it is done or the program stops it."""
        await self._start()
        self._started_by_program = self.active

    async def stop(self) -> None:
        """Stop the scan."""
        connection = self._connection()
        await connection.request(StopScanning(connection.next_id()), Ok, on_reply=self._stopped)

    def finished(self) -> None:
        """Take note that there is no scan any more."""
        self.active = self._started_by_program = False

    async def scan(self, seconds: float) -> list[ButtplugDevice]:
        """Scan until it is done, for at most so many seconds, and return the devices that are connected then."""
        _require_seconds("seconds", seconds)
        events = self._events()
        async with self._scanning(self._start):
            try:
                async with asyncio.timeout(seconds):
                    await _end_of_scan(events)
            except TimeoutError:
                pass
        return list(self._devices.values())

    async def wait_for(self, name: str | None, timeout: float | None) -> ButtplugDevice:
        """Return a device by a part of its name; scan until it is there."""
        if timeout is not None:
            _require_seconds("timeout", timeout)
        events = self._events()
        for device in self._devices.values():
            if _matches(device, name):
                return device
        try:
            async with asyncio.timeout(timeout), self._scanning(self._start_unless_away):
                return await self._addition(events, name)
        except TimeoutError:
            known = ", ".join(f'"{device.name}"' for device in self._devices.values()) or "none"
            wanted = "device" if name is None else f'device "{name}"'
            raise ButtplugDeviceError(
                f"No {wanted} was connected within {timeout:g} s; connected are: {known}. Is it switched on and near, and not "
                "in use by another program or a phone?",
                reason=DeviceErrorReason.NOT_FOUND,
            ) from None

    async def _addition(self, events: AsyncIterator[ClientEvent], name: str | None) -> ButtplugDevice:
        """Wait until a device is added, and start a new scan whenever there is none."""
        until_next_scan: float | None = None
        reason = "the client disconnected"
        while True:
            try:
                async with asyncio.timeout(until_next_scan):
                    event = await anext(events)
            except TimeoutError:
                until_next_scan = None
                await self._start_unless_away()
                continue
            except StopAsyncIteration:
                raise ButtplugConnectorError(f"The connection ended before the device was there: {reason}") from None
            match event:
                case DeviceAdded(device) if _matches(device, name):
                    return device
                case ScanningFinished() | ServerReconnected():
                    until_next_scan = RESCAN_PAUSE
                case ServerDisconnected(reason):
                    until_next_scan = None

    @asynccontextmanager
    async def _scanning(self, start: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Have a scan while inside. The last to leave stops it, if the program did not start it too."""
        self._waiting += 1
        try:
            await start()
            yield
        finally:
            self._waiting -= 1
            if self.active and not self._waiting and not self._started_by_program:
                await self.stop()

    async def _start(self) -> None:
        connection = self._connection()
        await connection.request(StartScanning(connection.next_id()), Ok, on_reply=self._started)

    async def _start_unless_away(self) -> None:
        """Start a scan; while the client is coming back to its server, leave that to its return."""
        try:
            await self._start()
        except ButtplugConnectorError:
            if not self._reconnecting():
                raise

    def _started(self, reply: ServerMessage) -> None:
        if isinstance(reply, Ok):
            self.active = True

    def _stopped(self, reply: ServerMessage) -> None:
        if isinstance(reply, Ok):
            self.finished()


def _require_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number of seconds, not {value!r}")


async def _end_of_scan(events: AsyncIterator[ClientEvent]) -> None:
    async for event in events:
        if isinstance(event, ScanningFinished):
            return
        if isinstance(event, ServerDisconnected):
            raise ButtplugConnectorError(f"The connection ended during the scan: {event.reason}")
    raise ButtplugConnectorError("The client disconnected during the scan")


def _matches(device: ButtplugDevice, name: str | None) -> bool:
    """Return whether the name is a part of one of the device's names, upper and lower case aside."""
    names = (device.name, device.display_name or "")
    return name is None or any(name.casefold() in known.casefold() for known in names)
