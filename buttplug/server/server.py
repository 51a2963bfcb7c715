"""The server: its sessions and its devices. Listeners and programs in the same process open sessions on it."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Self, Unpack

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugConnectorError, ButtplugDeviceError
from buttplug.core.interrupts import ctrl_c_waits
from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceList, ServerMessage
from buttplug.core.recent_warnings import RecentWarnings
from buttplug.hardware.base import CommunicationManager
from buttplug.server.autosave import AutoSave
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.device import Device
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.devices.settings import DeviceChanges, DeviceKey, OutputChanges
from buttplug.server.outside import run_from_outside, runs_in_this_thread
from buttplug.server.session import CloseCode, Session, State
from buttplug.server.supervision import log_failure, stop_all

if TYPE_CHECKING:
    from buttplug.hardware.simulated import SimulatedDevice

logger: logging.Logger = logger_of(__name__)

#: Seconds that a shutdown may take, all of which stopping the devices may use.
SHUTDOWN_LIMIT = 1.7
#: Seconds that ending the sessions may take after that.
SESSIONS_LIMIT = 0.2
#: Seconds that disconnecting the devices and closing the buses may take after that, even if nothing is left of the limit.
#: Disconnecting has two thirds, closing the rest.
LAST_LIMIT = 0.15
#: Seconds that another thread waits for all that.
OUTSIDE_LIMIT = 3.0

#: What to do where no more clients are accepted. Short: the reason of a closing frame has room for 123 bytes.
MAKE_ROOM = "disconnect one, or allow more: --max-clients, max_clients="


class ButtplugServer:
    """A Buttplug server.

    Use it as ``async with ButtplugServer(managers=[…]) as server:``; then clients in the same process connect by
    ``await client.connect(server)``, others through a :class:`buttplug.server.websocket.WebsocketListener`.

    Args:
        name: What clients are told.
        managers: The buses to use, for instance ``[BluetoothManager()]``.
        simulate: The names of models to simulate, such as ``["Lovense Nora"]``; scans find them, and :attr:`simulated` has
            them. ``python -m buttplug.server --list-models`` lists the models.
        configuration: What devices exist and what the user set for them; the one of this package where it is None. The
            simulated devices that it asks for are found by every scan.
        max_ping_time: Milliseconds without a ping after which a client counts as gone; 0 for never.
        max_clients: Clients at a time. Who has not shaken hands is none yet.

    Raises:
        ConfigurationError: A model that is to be simulated does not exist; the text has the nearest names.
        TypeError: A manager is a class (write ``BluetoothManager()``), or the name is no text.

    Attributes:
        name: What clients are told.
        simulated: The simulated devices, which tell what they were sent.
        is_open: Whether it accepts clients.
    """

    def __init__(
        self,
        name: str = "Buttplug Server",
        *,
        managers: Iterable[CommunicationManager] = (),
        simulate: Iterable[str] = (),
        configuration: DeviceConfiguration | None = None,
        max_ping_time: int = 0,
        max_clients: int = 8,
    ) -> None:
        _require_text(name)
        self.name = name
        self.max_ping_time = max_ping_time
        self.max_clients = max_clients
        configuration = DeviceConfiguration.load() if configuration is None else configuration
        managers, simulate = [_checked(manager) for manager in managers], _names(simulate)
        self.simulated: list[SimulatedDevice] = []
        if simulate or configuration.simulated_devices:
            from buttplug.hardware.simulated import SimulatedManager
            from buttplug.server.devices.simulation import configured_devices, simulate_all

            self.simulated = simulate_all(configuration, simulate, configured_devices(configuration))
            managers.append(SimulatedManager(self.simulated))
        self.devices: DeviceManager = DeviceManager(configuration, managers)
        self.devices.on_change = self._devices_changed
        self.sessions: set[Session] = set()
        self.is_open: bool = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_opened = False
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[list[str]] | None = None
        self._autosave = AutoSave(configuration)
        self._remembered: set[Device] = set()
        self._end_watch: Callable[[], None] = lambda: None
        self._warnings = RecentWarnings(logger)

    def __repr__(self) -> str:
        clients = sum(session.state is State.CONNECTED for session in self.sessions)
        devices = len(self.devices.devices)
        counts = f"{devices} device{'' if devices == 1 else 's'}, {clients} client{'' if clients == 1 else 's'}"
        return f'<ButtplugServer "{self.name}": {counts if self.is_open else "not open"}>'

    async def open(self) -> None:
        """Open the buses and accept clients.

        If the program ends without closing the server, that is done then, as far as the event loop can still be reached. A
        second time does nothing but wait until it is open. When this is cancelled the opening goes on all the same: what is
        half open cannot be opened again. :meth:`close` closes it.

        Raises:
            ButtplugConnectorError: It was closed. A closed server cannot be opened again: make another one.
        """
        if self._closing is not None:
            raise ButtplugConnectorError("a closed server cannot be opened again: make another one")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._process = os.getpid()
        atexit.register(self._close_at_exit)
        self._end_watch = self.configuration.watch(self._autosave.changed)
        await self.devices.open()
        self._is_opened = True
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
        """Begin a session. It has a place among the clients from its handshake on.

        ``send`` gets its replies and events; it must not block. ``closed`` is called when the server ends the session.

        Raises:
            ButtplugConnectorError: The server is not open.
        """
        if not self.is_open:
            raise ButtplugConnectorError("the server is not open")
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

    def why_full(self) -> str | None:
        """Return who takes all places for clients, None where there is one left."""
        clients = [session for session in self.sessions if session.state is State.CONNECTED]
        if len(clients) < self.max_clients:
            return None
        names = ", ".join(sorted(map(_name_of, clients)))
        return f"{len(clients)} clients connected: {names}; {MAKE_ROOM}"

    def session_ended(self, session: Session) -> None:
        """Forget a session: its client has no place any more."""
        self.sessions.discard(session)

    def run_to_end(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something that must go on to its end even when the client it is done for is gone."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(log_failure)
        return task

    def warn_of_client(self, warning: str) -> None:
        """Log a warning, once where many are the same."""
        self._warnings.warn(warning)

    async def stop_all(self) -> list[str]:
        """Stop every device, also those that were lost while they may have been running and are being connected again.

        Returns what could not be stopped within 1.7 seconds, a sentence for each device.
        """
        return await self._stopped(self._begin_stops())

    async def pause(self, reason: str) -> list[str]:
        """Stop every device and end every session, and accept neither commands nor clients until :meth:`resume`.

        Returns what could not be stopped in time, a sentence for each device.
        """
        self.is_open = False
        return await self._stop_and_end_sessions(self._begin_stops(), reason)

    def resume(self) -> None:
        """Accept clients again."""
        self.is_open = self._is_opened and self._closing is None

    async def close(self) -> list[str]:
        """Shut down: stop every device, before anything else is torn down; then end sessions, scans, links and buses.

        Returns what could not be stopped in time, a sentence for each device. Ends within about two seconds, and goes on to
        its end even if the caller is cancelled. A second call waits for the first and returns the same.
        """
        if self._closing is None:
            self.is_open = False
            self.devices.stop_accepting()
            # Now, not when a task of its own gets its turn: nothing comes before a stop.
            stops = self._begin_stops()
            self._closing = asyncio.get_running_loop().create_task(self._close_all(stops))
        return await asyncio.shield(self._closing)

    def close_from_outside(self) -> list[str]:
        """Do the same as :meth:`close` from outside the event loop: from another thread, or when nothing runs the loop any
        more. It blocks for up to three seconds.

        Returns what could not be stopped in time, a sentence for each device.

        Raises:
            TimeoutError: The event loop is blocked.
            RuntimeError: The event loop is closed, or it is this thread that runs it.
        """
        if self.loop is None:
            return []
        if runs_in_this_thread(self.loop):
            raise RuntimeError("this is the thread of the event loop: await server.close() instead")
        with ctrl_c_waits():
            return run_from_outside(self.loop, self.close, OUTSIDE_LIMIT)

    def _close_at_exit(self) -> None:
        # A process that was forked off has the server's memory, but not its links.
        if self.loop is None or self._process != os.getpid():
            return
        if self.loop.is_closed():
            self._tell_what_runs_on()
            return
        try:
            self.close_from_outside()
        except TimeoutError:
            logger.error("the program ends, and its event loop is blocked: a device may be running")  # noqa: TRY400
        except KeyboardInterrupt:
            pass  # The program ends already.
        except Exception:
            logger.exception("the program ends, and the server could not be closed: a device may be running")

    def _tell_what_runs_on(self) -> None:
        """Log what was not stopped when the event loop was closed: its tasks have, where they were cancelled before."""
        running = [device.label for device in self.devices.devices.values() if device.may_be_running]
        for failure in [f"{label} may be running" for label in running] + self.devices.unstopped_lost():
            logger.error("the event loop was closed with the server open: %s", failure)

    async def _close_all(self, stops: Sequence[_Stop]) -> list[str]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with ctrl_c_waits():
            unstopped = await self._stop_and_end_sessions(stops, "the server is shutting down")
            self._end_watch()
            saving = self.run_to_end(self._autosave.close(SHUTDOWN_LIMIT))
            await self.devices.close(max(began + SHUTDOWN_LIMIT - loop.time(), LAST_LIMIT) * 2 / 3)
            await asyncio.wait([saving], timeout=max(began + SHUTDOWN_LIMIT - loop.time(), LAST_LIMIT))
            if self._tasks:
                _, late = await asyncio.wait(tuple(self._tasks), timeout=SESSIONS_LIMIT)
                for task in late:
                    task.cancel()
            atexit.unregister(self._close_at_exit)
        return unstopped

    async def _stop_and_end_sessions(self, stops: Sequence[_Stop], reason: str) -> list[str]:
        """Wait for the stops of all devices, and end every session; log and return what could not be stopped in time."""
        unstopped = await self._stopped(stops)
        for failure in unstopped:
            logger.error("%s", failure)
        ends = [self.run_to_end(session.end(CloseCode.SHUTDOWN, reason)) for session in self.sessions]
        if ends:
            await asyncio.wait(ends, timeout=SESSIONS_LIMIT)
        return unstopped

    def _begin_stops(self) -> list[_Stop]:
        devices = list(self.devices.devices.values())
        return list(zip(devices, stop_all(devices), strict=True))

    async def _stopped(self, stops: Sequence[_Stop]) -> list[str]:
        """Wait for stops, and for lost devices; return a sentence for each device that was not stopped in time."""
        loop = asyncio.get_running_loop()
        end_at = loop.time() + SHUTDOWN_LIMIT
        if stops:
            await asyncio.wait([stop for _, stop in stops], timeout=SHUTDOWN_LIMIT)
        lost = await self.devices.stop_lost(end_at - loop.time())
        failures = []
        for device, stop in stops:
            if not stop.done():
                failures.append(f"{device.label} did not confirm its stop within {SHUTDOWN_LIMIT:g} s")
            elif (error := stop.result()) is not None:
                failures.append(error.message)
        return failures + lost

    def _devices_changed(self) -> None:
        if self.configuration.user_file is not None:
            before, self._remembered = self._remembered, set(self.devices.devices.values())
            new = [device for device in self._remembered - before if not device.hardware.provisional_address]
            news = [self.configuration.remember(device.key, device.index) for device in new]
            if any(news):
                self._autosave.changed()
        devices = DeviceList(0, self.devices.infos())
        for session in tuple(self.sessions):
            try:
                session.devices_changed(devices)
            except Exception:
                logger.exception("%s could not be told which devices there are, and is disconnected", session.label)
                self.run_to_end(session.end(CloseCode.INTERNAL_ERROR, "the server failed"))


_Stop = tuple[Device, "asyncio.Future[ButtplugDeviceError | None]"]


def _require_text(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the first argument is the server's name, not {name!r}; buses are given as managers=[…]")


def _checked(manager: CommunicationManager) -> CommunicationManager:
    if isinstance(manager, type):
        raise TypeError(f"managers has a class: write {manager.__name__}() in the place of {manager.__name__}")
    return manager


def _names(simulate: Iterable[str]) -> list[str]:
    # One name is an iterable of letters.
    return [simulate] if isinstance(simulate, str) else list(simulate)


def _name_of(session: Session) -> str:
    return session.client_name or "one without a name"
