"""The server: its sessions and its devices. Listeners and programs in the same process open sessions on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Self, Unpack

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import ServerMessage
from buttplug.hardware.base import CommunicationManager
from buttplug.server.autosave import AutoSave
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.device import Device
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.devices.settings import DeviceChanges, DeviceKey, OutputChanges
from buttplug.server.session import CloseCode, Session

logger = logging.getLogger(__name__)

#: Seconds that a shutdown may take, and of these that stopping the devices may take, and ending the sessions after it.
#: Disconnecting the devices has two thirds of what is left then, closing the buses the rest.
SHUTDOWN_LIMIT = 1.7
SHUTDOWN_STOP_LIMIT = 1.0
SHUTDOWN_SESSIONS_LIMIT = 0.2


class ButtplugServer:
    """A Buttplug server.

    Use it as ``async with ButtplugServer(managers=[…]) as server:``; then clients in the same process connect by
    ``await client.connect(server)``, others through a :class:`buttplug.server.websocket.WebsocketListener`.

    Args:
        name: What clients are told.
        managers: The buses to use.
        configuration: What devices exist and what the user set for them; the one of this package where it is None. The
            simulated devices that it asks for are found by every scan.
        max_ping_time: Milliseconds without a ping after which a client counts as gone; 0 for never.
        max_clients: Clients at a time.
    """

    def __init__(
        self,
        name: str = "Buttplug Server",
        *,
        managers: Iterable[CommunicationManager] = (),
        configuration: DeviceConfiguration | None = None,
        max_ping_time: int = 0,
        max_clients: int = 8,
    ) -> None:
        self.name = name
        self.max_ping_time = max_ping_time
        self.max_clients = max_clients
        configuration = DeviceConfiguration.load() if configuration is None else configuration
        if configuration.simulated_devices:
            from buttplug.hardware.simulated import SimulatedManager
            from buttplug.server.devices.simulation import configured_devices

            managers = [*managers, SimulatedManager(configured_devices(configuration))]
        self.devices = DeviceManager(configuration, managers)
        self.devices.on_change = self._devices_changed
        self.sessions: set[Session] = set()
        self.is_open = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[list[str]] | None = None
        self._autosave = AutoSave(configuration)
        self._end_watch: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Open the buses and accept clients."""
        self._end_watch = self.configuration.watch(self._autosave.changed)
        await self.devices.open()
        self.is_open = self._closing is None

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def open_session(
        self, send: Callable[[ServerMessage], None], closed: Callable[[CloseCode, str], None] = lambda code, reason: None
    ) -> Session:
        """Begin a client's session.

        ``send`` gets its replies and events; it must not block. ``closed`` is called when the server ends the session.

        Raises:
            ButtplugConnectorError: The server is not open, or has all the clients it may have.
        """
        if not self.is_open:
            raise ButtplugConnectorError("the server is not open")
        if len(self.sessions) >= self.max_clients:
            names = ", ".join(sorted(session.client_name or "one without a name" for session in self.sessions))
            raise ButtplugConnectorError(f"{len(self.sessions)} clients connected: {names}")
        session = Session(self, send, closed)
        self.sessions.add(session)
        return session

    @property
    def configuration(self) -> DeviceConfiguration:
        """What devices exist, and what users set for them."""
        return self.devices.configuration

    async def change_device(self, device: int | DeviceKey, **changes: Unpack[DeviceChanges]) -> None:
        """Change settings of a device: :meth:`DeviceConfiguration.change_device`, for a connected device also by its index.

        It takes effect at once: a connected device is stopped, and disconnected where it is denied now. It is saved where the
        configuration has a user's file.

        Raises:
            ConfigurationError: A value cannot be used. Nothing was changed.
            ButtplugDeviceError: There is no such device, or it could not be stopped; then the settings hold all the same.
        """
        self.configuration.change_device(self._key(device), **changes)
        await self.devices.settle()

    async def limit_output(
        self,
        device: int | DeviceKey,
        feature: int,
        type: OutputType,  # noqa: A002
        **limits: Unpack[OutputChanges],
    ) -> None:
        """Change limits of an output: :meth:`DeviceConfiguration.limit_output`, for a connected device also by its index.

        It takes effect at once: a connected device is stopped. It is saved where the configuration has a user's file.

        Raises:
            ConfigurationError: There is no such output, or the limits are not inside its range. Nothing was changed.
            ButtplugDeviceError: There is no such device, or it could not be stopped; then the limits hold all the same.
        """
        self.configuration.limit_output(self._key(device), feature, type, **limits)
        await self.devices.settle()

    def _key(self, device: int | DeviceKey) -> DeviceKey:
        return self.devices.device(device).key if isinstance(device, int) else device

    def keep(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something that must go on to its end even when the client it is done for is gone."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop_all(self) -> list[str]:
        """Stop every device; return what could not be stopped in time, a sentence for each device."""
        devices = list(self.devices.devices.values())
        results = await asyncio.gather(*(_stop(device) for device in devices))
        return [result for result in results if result is not None]

    async def close(self) -> list[str]:
        """Shut down: stop every device, before anything else is torn down; then end sessions, scans, links and buses.

        Returns what could not be stopped in time, a sentence for each device. Ends within about two seconds, and goes on to
        its end even if the caller is cancelled. A second call waits for the first and returns the same.
        """
        if self._closing is None:
            self.is_open = False
            self._closing = asyncio.get_running_loop().create_task(self._close_all())
        return await asyncio.shield(self._closing)

    async def _close_all(self) -> list[str]:
        self.devices.let_no_more_in()
        loop = asyncio.get_running_loop()
        began = loop.time()
        unstopped = await self.stop_all()
        for failure in unstopped:
            logger.error("%s", failure)
        reason = "the server is shutting down"
        ends = [self.keep(session.hang_up(CloseCode.SHUTDOWN, reason)) for session in self.sessions]
        if ends:
            await asyncio.wait(ends, timeout=SHUTDOWN_SESSIONS_LIMIT)
        self._end_watch()
        saving = self.keep(self._autosave.close(SHUTDOWN_LIMIT))
        await self.devices.close((began + SHUTDOWN_LIMIT - loop.time()) * 2 / 3)
        await asyncio.wait([saving], timeout=max(began + SHUTDOWN_LIMIT - loop.time(), 0))
        return unstopped

    def _devices_changed(self) -> None:
        if self.configuration.user_file is not None:
            lasting = [device for device in self.devices.devices.values() if not device.hardware.provisional_address]
            news = [self.configuration.remember(device.key, device.index) for device in lasting]
            if any(news):
                self._autosave.changed()
        for session in tuple(self.sessions):
            session.devices_changed()


async def _stop(device: Device) -> str | None:
    try:
        error = await asyncio.wait_for(device.stop(), SHUTDOWN_STOP_LIMIT)
    except TimeoutError:
        return f"{device.label} did not confirm its stop within {SHUTDOWN_STOP_LIMIT:g} s"
    return None if error is None else error.message
