"""The devices of a server: found, identified, given an index, announced, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import is_

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceInfo
from buttplug.hardware.base import CommunicationManager, Discovery, Hardware
from buttplug.hardware.common.addresses import ByAddress
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.buses import Buses
from buttplug.server.devices.claims import Claims
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.connecting import open_link, shake_hands, supported
from buttplug.server.devices.connection_log import ConnectionLog
from buttplug.server.devices.device import DISCONNECT_LIMIT, Device, disconnect
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.identity import current_settings, warn_of_limits_elsewhere
from buttplug.server.devices.indexes import MOST_GONE, Indexes
from buttplug.server.devices.lost import LostDevices
from buttplug.server.devices.matching import Match
from buttplug.server.devices.pacing import Move
from buttplug.server.devices.scanning import Finished, Scans
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.supervision import cancel_late, spawn

logger: logging.Logger = logger_of(__name__)

#: Turns of the event loop that the answers to commands get which failed with their device: the loss is told after them.
ANSWER_TURNS = 16


class DeviceManager:
    """Holds the connected devices by index, and the buses they come from.

    ``on_change`` is called after every device that came or went.
    """

    def __init__(self, configuration: DeviceConfiguration, managers: Iterable[CommunicationManager]) -> None:
        self.configuration = configuration
        self.devices: dict[int, Device] = {}
        self.on_change: Callable[[], None] = lambda: None
        self._claims = Claims()
        self._connection_log = ConnectionLog()
        self._found_while_connecting: ByAddress[Callable[[], None] | None] = ByAddress()
        self._found_while_closing: ByAddress[Callable[[], None] | None] = ByAddress()
        self._lost_running = LostDevices()
        #: The addresses of devices that were here, the latest at the end, and the moves that were under way when they went.
        self._gone: ByAddress[dict[int, Move]] = ByAddress()
        self._indexes = Indexes(configuration)
        self._stops: list[asyncio.Future[ButtplugDeviceError | None]] = []
        self._end_watch: Callable[[], None] = lambda: None
        self._connecting: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._buses = Buses(managers, self._background)
        self.managers: tuple[CommunicationManager, ...] = self._buses.managers
        self.scans: Scans = Scans(self._buses, self._connecting, self._background)
        self._infos: dict[int, DeviceInfo] = {}
        self._closing = False
        self._is_closed = False

    async def open(self) -> None:
        """Open every bus. One that cannot be used is left out with a warning."""
        self._end_watch = self.configuration.watch(self._settings_changed)
        for manager in self.managers:
            manager.on_found = partial(self._found, manager)
            manager.on_scanning_finished = self.scans.check_finished
        await self._buses.open()

    async def survey(self) -> None:
        """Log what every open bus has, or lacks, now; what is told here is not told again when it is scanned."""
        await self._buses.survey()

    def device(self, index: int) -> Device:
        """Return a connected device.

        Raises:
            ButtplugDeviceError: There is none with this index.
        """
        device = self.devices.get(index)
        if device is None:
            known = ", ".join(str(known) for known in sorted(self.devices)) or "none"
            raise ButtplugDeviceError(f"Device {index} is not connected; connected are: {known}")
        return device

    def infos(self) -> dict[int, DeviceInfo]:
        """Return all connected devices as clients see them: the same object as long as it is the same, not to be changed."""
        infos = {index: self.devices[index].info for index in sorted(self.devices)}
        if len(infos) != len(self._infos) or not all(map(is_, infos.values(), self._infos.values())):
            # Thousands of answers may wait for clients that do not read them, each with hundreds of devices.
            self._infos = infos
        return self._infos

    async def configure(self, key: DeviceKey, settings: DeviceSettings) -> None:
        """Set a device's settings, at once where it is connected: then it is stopped, too.

        Raises:
            ConfigurationError: Its limits are not inside the device's ranges; nothing was changed.
            ButtplugDeviceError: It could not be stopped. The settings hold all the same.
        """
        self.configuration.configure(key, settings)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the devices whose settings have changed are stopped.

        Raises:
            ButtplugDeviceError: One could not be stopped. The settings hold all the same.
        """
        stops, self._stops = self._stops, []
        if stops:
            # They go on, and are waited for elsewhere too, even if the caller is cancelled.
            await asyncio.wait(stops)
        for error in [stop.result() for stop in stops]:
            if error is not None:
                raise error

    async def start_scanning(self, client: object, finished: Finished) -> None:
        """Look for devices on every bus until the client stops it; ``finished`` is called if the scan ends before that.

        Raises:
            ButtplugUnknownError: No bus can be scanned; the message says why, for each.
        """
        await self.scans.start(client, finished)

    async def stop_scanning(self, client: object) -> bool:
        """End a client's scan; the buses go on while another client wants it.

        Returns whether the client had one and it has finished now. Where devices that were found are still being connected
        it finishes later, and the client is told then.
        """
        return await self.scans.stop(client)

    # Settings

    def _settings_changed(self) -> None:
        """Apply changed settings to the devices that they concern, each of which is stopped."""
        stops = [stopped for device in list(self.devices.values()) if (stopped := self._apply_settings(device)) is not None]
        self._stops = [stopped for stopped in self._stops if not stopped.done()] + stops
        if stops:
            self._announce_change()

    def _apply_settings(self, device: Device) -> asyncio.Future[ButtplugDeviceError | None] | None:
        """Return the result of the device's stop; None where nothing has changed for it."""
        if device.is_refused:
            return None
        try:
            settings = current_settings(self.configuration, device.key, device.definition)
        except ConfigurationError as error:
            stopped = device.stop_for_good(f"it is being disconnected: {error.message}")
            spawn(self._background, _disconnect_stopped(device, stopped, error.message), f"disconnecting {device.label}")
            return stopped
        if settings == device.settings and settings.index in (None, device.index):
            return None
        index = device.index if settings.index is None else settings.index
        if index != device.index and self._indexes.change(device.key, index):
            del self.devices[device.index]
            device.index = index
            self.devices[index] = device
        return device.configure(settings)

    # Devices

    def _found(self, manager: CommunicationManager, discovery: Discovery) -> None:
        if self._is_closed:
            return
        if discovery.address in self._found_while_closing:
            # Found again before its last link was closed: its turn comes then.
            self._found_while_closing[discovery.address] = partial(self._found, manager, discovery)
            return
        if self._closing and discovery.address not in self._lost_running:
            return
        matches = self.configuration.match(discovery.advertisement)
        if discovery.address in self._claims:
            self._claims.tell_of_another(manager, discovery, {match.protocol for match in matches})
            if discovery.address in self._found_while_connecting:
                # Its turn comes if that fails: a bus may not report it again.
                self._found_while_connecting[discovery.address] = partial(self._found, manager, discovery)
            return
        refusal = self.configuration.allows(discovery.address)
        if refusal is not None and discovery.address not in self._lost_running:
            discovery.refused(refusal)
            return
        matches = supported(discovery, matches)
        if not matches:
            discovery.refused("no protocol here knows this device")
            return
        self._claims.add(manager, discovery, {match.protocol for match in matches})
        self._found_while_connecting[discovery.address] = None
        if discovery.was_connected:
            self._note_gone(discovery.address, self._gone.get(discovery.address, {}))
            self._lost_running.add(discovery.address, discovery.label)
        connecting = spawn(self._connecting, self._connect(discovery, matches), f"connecting {discovery.name}")
        connecting.add_done_callback(lambda _: self.scans.check_finished())
        if discovery.address in self._lost_running:
            self._lost_running.wait_for(connecting)

    async def _connect(self, discovery: Discovery, matches: Sequence[Match]) -> None:
        """Open and identify a found device; with the next protocol that fits where the first does not."""
        device: Device | None = None
        try:
            while matches and device is None:
                hardware = await open_link(discovery, matches)
                match = next((match for match in matches if match.specifier == hardware.specifier), matches[0])
                device = await self._identified(hardware, match)
                matches = [other for other in matches if other is not match]
        except ButtplugError as error:
            logger.warning("%s could not be connected: %s", discovery.label, error)
        except Exception:
            logger.exception("%s could not be connected", discovery.label)
        finally:
            found_again = self._found_while_connecting.pop(discovery.address)
            if device is None:
                self._claims.release(discovery.address)
                if found_again is not None:
                    found_again()

    async def _identified(self, hardware: Hardware, match: Match) -> Device | None:
        """Return the device once it is ready; None, with the link closed, where it does not answer as it should."""
        device = None
        try:
            device = await self._make_device(hardware, match)
        except ButtplugError as error:
            hardware.refusal = f"it did not become ready: {error.message}"
            logger.warning("%s did not become ready: %s", hardware.name, error)
        except Exception:
            hardware.refusal = "it did not become ready: the server failed"
            logger.exception("%s did not become ready", hardware.name)
        finally:
            if device is None:
                await disconnect(hardware, hardware.name)
        if device is not None:
            try:
                self._add(device)
            except Exception:
                if self.devices.get(device.index) is device:
                    del self.devices[device.index]
                await device.close("the server failed")
                raise
        return device

    async def _make_device(self, hardware: Hardware, match: Match) -> Device:
        may_run = hardware.address in self._lost_running
        key, definition, protocol = await shake_hands(hardware, match, self.configuration, self._indexes, only_to_stop=may_run)
        if self._closing and hardware.address not in self._lost_running:
            raise HardwareError("the server is shutting down")
        refusal = None
        try:
            # They may have changed during the hand-shake.
            settings = current_settings(self.configuration, key, definition)
        except ConfigurationError as error:
            if not may_run:
                raise
            settings, refusal = DeviceSettings(), error
        index = self._indexes.give(key, settings, self.devices)
        device = Device(index, key, definition, settings, hardware, protocol, self._gone.get(hardware.address))
        if refusal is not None:
            await self._stop_refused(device, refusal.message)
            raise refusal
        return device

    async def _stop_refused(self, device: Device, reason: str) -> None:
        """Stop a device that was lost while it may have been running, and that is not to be used any more."""
        stopped = device.stop_for_good(reason)
        try:
            await asyncio.wait([stopped], timeout=DISCONNECT_LIMIT)
            if stopped.done():
                self._stop_confirmed(device, stopped.result())
        finally:
            await device.close(reason)

    def _add(self, device: Device) -> None:
        address = device.hardware.address
        if address in self._gone or address in self._lost_running:
            # Its link broke, or a server before this one ended, while it may have been running, and nobody drives it any
            # more. The pacer tells of a failure.
            stopped = device.stop()
            stopped.add_done_callback(lambda _: self._stop_confirmed(device, stopped.result()))
            self._lost_running.wait_for(stopped)
        self.devices[device.index] = device
        if self._connection_log.log(address, device.label, f"connected; limits set by its user: {device.settings.limits}"):
            warn_of_limits_elsewhere(self.configuration, device.key)
        self._announce_change()
        device.hardware.on_disconnect(lambda reason: self._device_lost(device, reason))

    def _device_lost(self, device: Device, reason: str) -> None:
        if self.devices.get(device.index) is not device:
            return
        del self.devices[device.index]
        if device.may_be_running:
            self._lost_running.add(device.hardware.address, device.label)
        self._found_while_closing[device.hardware.address] = None
        self._note_gone(device.hardware.address, device.moves_under_way())
        self._connection_log.log(device.hardware.address, device.label, f"disconnected: {reason}")
        device.end(f"it was disconnected: {reason}")
        closing = spawn(self._background, self._close_lost(device, reason), f"closing {device.label}")
        if device.hardware.address in self._lost_running:
            self._lost_running.wait_for(closing)

    def _note_gone(self, address: str, moves: dict[int, Move]) -> None:
        self._gone.pop(address, None)
        self._gone[address] = moves
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    async def _close_lost(self, device: Device, reason: str) -> None:
        for _ in range(ANSWER_TURNS):
            await asyncio.sleep(0)
        self._announce_change()
        try:
            await device.close(reason)
        finally:
            self._claims.release(device.hardware.address)
            found_again = self._found_while_closing.pop(device.hardware.address)
            if found_again is not None:
                found_again()

    def _announce_change(self) -> None:
        """Tell that a device came or went. What goes wrong with that is no reason not to let it come or go."""
        try:
            self.on_change()
        except Exception:
            logger.exception("clients could not be told which devices there are")

    # The end

    def stop_accepting(self) -> None:
        """Connect no more devices, but for those that were lost while they may have been running."""
        self._closing = True
        self.scans.close()
        for task in self._connecting:
            if not self._lost_running.is_waited_for(task):
                task.cancel()

    async def stop_lost(self, limit: float) -> list[str]:
        """Give devices that were lost while they may have been running up to ``limit`` seconds to be connected and stopped.

        Only those are waited for that are being connected already. Returns a sentence for each that was not stopped.
        """
        await self._lost_running.settle(limit)
        return self.unstopped_lost()

    def unstopped_lost(self) -> list[str]:
        """Return a sentence for each device that was lost while it may have been running, and was not stopped since."""
        return self._lost_running.unstopped({device.hardware.address for device in self.devices.values()})

    def _stop_confirmed(self, device: Device, error: ButtplugDeviceError | None) -> None:
        if error is None:
            self._lost_running.stopped(device.hardware.address)

    async def close(self, limit: float = DISCONNECT_LIMIT) -> None:
        """End connecting and scanning, disconnect every device, and close every bus. Devices are to be stopped before.

        ``limit`` is the seconds that the links may take; the buses, after them, may take half of that.
        """
        self.stop_accepting()
        self._is_closed = True
        self._end_watch()
        for task in self._connecting:
            task.cancel()
        devices, self.devices = list(self.devices.values()), {}
        for device in devices:
            spawn(self._background, device.close("the server is shutting down"), f"closing {device.label}")
        if await cancel_late({*self._connecting, *self._background}, limit):
            logger.warning("not every device was disconnected within %g s", limit)
        await self._buses.close(limit / 2)


async def _disconnect_stopped(device: Device, stopped: asyncio.Future[ButtplugDeviceError | None], reason: str) -> None:
    """Disconnect a device that may not be connected any more, once it is stopped."""
    logger.warning("%s is disconnected: %s", device.label, reason)
    await asyncio.wait([stopped], timeout=DISCONNECT_LIMIT)
    await disconnect(device.hardware, device.label)
