"""The devices of a server: found, identified, given an index, announced, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial

from buttplug.core.errors import ButtplugDeviceError, ButtplugError, ButtplugUnknownError
from buttplug.core.messages import DeviceInfo
from buttplug.hardware.base import CommunicationManager, Discovery, Hardware
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.server import protocols
from buttplug.server.devices.abilities import without_lacking_outputs
from buttplug.server.devices.claims import Claims
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import with_battery, with_signal_strength
from buttplug.server.devices.device import DISCONNECT_LIMIT, Device, disconnect
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.identity import current_settings, identify, warn_of_limits_elsewhere
from buttplug.server.devices.indexes import Indexes
from buttplug.server.devices.lost import LostDevices
from buttplug.server.devices.matching import Match
from buttplug.server.devices.pacing import Move
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.protocols.base import Protocol
from buttplug.server.supervision import log_failure

logger: logging.Logger = logging.getLogger(__name__)

#: Seconds that opening a link may take, whatever the bus itself allows.
CONNECT_LIMIT = 60.0
#: Seconds that opening, starting or ending a bus may take.
BUS_LIMIT = 10.0

#: Seconds that a scan waits for buses that could not be opened before.
OPEN_AGAIN_LIMIT = 2.0

#: Turns of the event loop that the answers to commands get which failed with their device: the loss is told after them.
ANSWER_TURNS = 16

#: Called when a scan that a client wanted has ended by itself.
Finished = Callable[[], None]


class DeviceManager:
    """Holds the connected devices by index, and the buses they come from.

    ``on_change`` is called after every device that came or went.
    """

    def __init__(self, configuration: DeviceConfiguration, managers: Iterable[CommunicationManager]) -> None:
        self.configuration = configuration
        self.managers: tuple[CommunicationManager, ...] = tuple(managers)
        self.devices: dict[int, Device] = {}
        self.on_change: Callable[[], None] = lambda: None
        self._claims = Claims()
        self._seen: set[str] = set()
        self._returning: dict[str, Callable[[], None] | None] = {}
        self._lost_running = LostDevices()
        self._moves_left: dict[str, dict[int, Move]] = {}
        self._indexes = Indexes(configuration)
        self._stops: list[asyncio.Future[ButtplugDeviceError | None]] = []
        self._end_watch: Callable[[], None] = lambda: None
        self._connecting: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._scanners: dict[object, Finished] = {}
        self._finishing: list[Finished] = []
        self._scan_lock = asyncio.Lock()
        self._usable: list[CommunicationManager] = []
        self._opening: set[CommunicationManager] = set()
        self._problems: dict[tuple[CommunicationManager, str], str] = {}
        self._closing = False
        self._is_closed = False

    async def open(self) -> None:
        """Open every bus. One that cannot be used is left out with a warning."""
        self._end_watch = self.configuration.watch(self._settings_changed)
        await asyncio.gather(*(self._open(manager) for manager in self.managers))

    async def survey(self) -> None:
        """Log what every open bus has, or lacks, now; what is told here is not told again when it is scanned."""
        await asyncio.gather(
            *(self._attempt(manager, "cannot be used", partial(_survey, manager)) for manager in tuple(self._usable))
        )

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
        """Return all connected devices as clients see them."""
        return {index: self.devices[index].info for index in sorted(self.devices)}

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
        for error in await asyncio.gather(*stops):
            if error is not None:
                raise error

    # Scanning

    async def start_scanning(self, client: object, finished: Finished) -> None:
        """Look for devices on every bus until the client stops it; ``finished`` is called if the scan ends before that.

        Raises:
            ButtplugUnknownError: No bus can be scanned; the message says why, for each.
        """
        async with self._scan_lock:
            if self._closing:
                raise ButtplugUnknownError("the server is shutting down")
            if client in self._scanners:
                return
            self._scanners[client] = finished
            await self._open_again()
            idle = [manager for manager in self._usable if not manager.scanning]
            busy = [manager for manager in self._usable if manager.scanning]
            started, _ = await asyncio.gather(
                asyncio.gather(*(self._start(manager) for manager in idle)),
                asyncio.gather(*(self._start(manager) for manager in busy)),
            )
            # What finishes while this goes on, or has finished already, is told after the answer to this request.
            asyncio.get_running_loop().call_soon(self._scan_finished)
            if not any(manager.scanning for manager in self._usable) and not any(started):
                del self._scanners[client]
                why = self._why_not()
                await self._end_scans()
                raise ButtplugUnknownError(f"nothing can be scanned: {why}")

    async def stop_scanning(self, client: object) -> bool:
        """End a client's scan; the buses go on while another client wants it.

        Returns whether the client had one and it has finished now. Where devices that were found are still being connected
        it finishes later, and the client is told then.
        """
        async with self._scan_lock:
            finished = self._scanners.pop(client, None)
            await self._end_scans()
            if finished is not None and self._connecting:
                self._finishing.append(finished)
                return False
            return finished is not None

    async def _end_scans(self) -> None:
        """End the scan of every bus if nobody wants it; that of one that still waits for its adapter too."""
        if not self._scanners:
            await asyncio.gather(*(self._stop(manager) for manager in self._usable))

    def _scan_finished(self) -> None:
        if self._connecting:
            # What was found comes first.
            return
        ended, self._finishing = self._finishing, []
        for tell in ended:
            tell()
        if self._scan_lock.locked() or any(manager.scanning for manager in self._usable):
            return
        finished, self._scanners = list(self._scanners.values()), {}
        for tell in finished:
            tell()
        if finished:
            _spawn(self._leaving, self._end_waiting_scans(), "ending the scan of buses that wait")

    async def _end_waiting_scans(self) -> None:
        async with self._scan_lock:
            await self._end_scans()

    def _why_not(self) -> str:
        if not self.managers:
            return "no bus is turned on"
        reasons = {manager: reason for (manager, _), reason in self._problems.items()}
        return "; ".join(f"{manager.bus}: {reasons.get(manager, 'not usable')}" for manager in self.managers)

    # Buses

    async def _open(self, manager: CommunicationManager) -> None:
        manager.on_found = partial(self._found, manager)
        manager.on_scanning_finished = self._scan_finished
        if await self._attempt(manager, "cannot be used", manager.open):
            self._usable.append(manager)

    async def _open_again(self) -> None:
        """Open the buses that could not be used before: what was missing may be there by now.

        One that takes long is not waited for, and is scanned when it is open.
        """
        opening: dict[asyncio.Task[None], CommunicationManager] = {}
        for manager in self.managers:
            if manager not in self._usable and manager not in self._opening:
                self._opening.add(manager)
                opening[_spawn(self._leaving, self._open_late(manager), f"opening {manager.bus}")] = manager
        if opening:
            for late in (await asyncio.wait(tuple(opening), timeout=OPEN_AGAIN_LIMIT))[1]:
                late.add_done_callback(partial(self._opened_late, opening[late]))

    async def _open_late(self, manager: CommunicationManager) -> None:
        try:
            await self._open(manager)
        finally:
            self._opening.discard(manager)

    def _opened_late(self, manager: CommunicationManager, opening: asyncio.Task[None]) -> None:
        if not self._closing and manager in self._usable:
            _spawn(self._leaving, self._start_late(manager), f"scanning {manager.bus}")

    async def _start_late(self, manager: CommunicationManager) -> None:
        async with self._scan_lock:
            if self._scanners and not self._closing:
                await self._start(manager)

    async def _start(self, manager: CommunicationManager) -> bool:
        return await self._attempt(manager, "cannot be used", manager.start_scanning)

    async def _stop(self, manager: CommunicationManager) -> None:
        await self._attempt(manager, "did not end its scan", manager.stop_scanning)

    async def _close(self, manager: CommunicationManager) -> None:
        await self._attempt(manager, "did not close", manager.close)

    async def _attempt(self, manager: CommunicationManager, failure: str, act: Callable[[], Awaitable[None]]) -> bool:
        """Have a bus do something within its time limit; return whether it did. A failure is logged once until it changes."""
        try:
            async with asyncio.timeout(BUS_LIMIT):
                await act()
        except TimeoutError:
            reason = f"no answer within {BUS_LIMIT:g} s"
        except ButtplugError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001 one bus, one failure
            reason = f"{type(error).__name__}: {error}"
        else:
            self._problems.pop((manager, failure), None)
            return True
        if self._problems.get((manager, failure)) != reason:
            logger.warning("%s %s: %s", manager.bus, failure, reason)
            self._problems[manager, failure] = reason
        return False

    # Settings

    def _settings_changed(self) -> None:
        """Apply changed settings to the devices that they concern, each of which is stopped."""
        stops = [stopped for device in list(self.devices.values()) if (stopped := self._apply_settings(device)) is not None]
        self._stops = [stopped for stopped in self._stops if not stopped.done()] + stops
        if stops:
            self._tell_change()

    def _apply_settings(self, device: Device) -> asyncio.Future[ButtplugDeviceError | None] | None:
        """Return the result of the device's stop; None where nothing has changed for it."""
        try:
            settings = current_settings(self.configuration, device.key, device.definition)
        except ConfigurationError as error:
            stopped = device.stop()
            _spawn(self._leaving, _expel(device, stopped, error.message), f"disconnecting {device.label}")
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
        if discovery.address in self._returning:
            # Found again before its last link was closed: its turn comes then.
            self._returning[discovery.address] = partial(self._found, manager, discovery)
            return
        if self._closing and discovery.address not in self._lost_running:
            return
        matches = self.configuration.match(discovery.advertisement)
        if discovery.address in self._claims:
            self._claims.tell_of_another(manager, discovery, {match.protocol for match in matches})
            return
        refusal = self.configuration.allows(discovery.address)
        if refusal is not None:
            discovery.refused(refusal)
            return
        matches = self._supported(discovery, matches)
        if not matches:
            discovery.refused("no protocol here knows this device")
            return
        self._claims.add(manager, discovery, {match.protocol for match in matches})
        if discovery.was_connected:
            self._seen.add(discovery.address)
            self._lost_running.add(discovery.address, discovery.label)
        connecting = _spawn(self._connecting, self._connect(discovery, matches), f"connecting {discovery.name}")
        connecting.add_done_callback(lambda _: self._scan_finished())
        if discovery.address in self._lost_running:
            self._lost_running.wait_for(connecting)

    def _supported(self, discovery: Discovery, matches: Sequence[Match]) -> list[Match]:
        supported = [match for match in matches if protocols.supports(match.protocol)]
        if matches and not supported:
            protocol = matches[0].protocol
            reason = protocols.UNSUPPORTED.get(protocol, f"protocol {protocol} is not supported")
            logger.warning("%s cannot be used: %s", discovery.label, reason)
        return supported

    async def _connect(self, discovery: Discovery, matches: Sequence[Match]) -> None:
        """Open and identify a found device; with the next protocol that fits where the first does not."""
        device: Device | None = None
        try:
            while matches and device is None:
                hardware = await self._open_link(discovery, matches)
                match = next((match for match in matches if match.specifier == hardware.specifier), matches[0])
                device = await self._identified(hardware, match)
                matches = [other for other in matches if other is not match]
        except ButtplugError as error:
            logger.warning("%s could not be connected: %s", discovery.label, error)
        except Exception:
            logger.exception("%s could not be connected", discovery.label)
        finally:
            if device is None:
                self._claims.release(discovery.address)

    async def _open_link(self, discovery: Discovery, matches: Sequence[Match]) -> Hardware:
        connecting = asyncio.ensure_future(discovery.connect([match.specifier for match in matches]))
        try:
            # The limit is for connecting, and not for the devices whose turn it is before.
            while not (await asyncio.wait({connecting}, timeout=CONNECT_LIMIT))[0]:
                if not discovery.waits_for_turn():
                    raise HardwareTimeoutError(f"no link within {CONNECT_LIMIT:g} s")
            return connecting.result()
        except ButtplugError:
            raise
        except Exception as error:
            logger.exception("%s: opening it failed", discovery.label)
            raise HardwareError(f"opening it failed: {error}") from error
        finally:
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait({connecting})

    async def _identified(self, hardware: Hardware, match: Match) -> Device | None:
        """Return the device once it is ready; None, with the link closed, where it does not answer as it should."""
        device = None
        try:
            device = await self._shake_hands(hardware, match)
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

    async def _shake_hands(self, hardware: Hardware, match: Match) -> Device:
        family = _family(match.protocol)
        try:
            async with asyncio.timeout(family.handshake_timeout):
                identifier = await family.identify(hardware)
                protocol_id = family.other_protocol(identifier) or match.protocol
                family = _family(protocol_id)
                found = DeviceKey(protocol_id, identifier, hardware.address)
                key, definition, settings = identify(self.configuration, found, self._indexes.seen(found))
                if hardware.knows_battery:
                    definition = with_battery(definition)
                if hardware.knows_signal_strength:
                    definition = with_signal_strength(definition)
                protocol = family(definition, name=hardware.name, address=hardware.address)
                await protocol.initialise(hardware)
                definition = without_lacking_outputs(definition, protocol)
        except TimeoutError:
            raise HardwareTimeoutError(f"no answer to the hand-shake within {family.handshake_timeout:g} s") from None
        if not hardware.connected:
            raise HardwareDisconnectedError("it was disconnected during the hand-shake")
        if self._closing and hardware.address not in self._lost_running:
            raise HardwareError("the server is shutting down")
        left = self._moves_left.pop(hardware.address, None)
        return Device(self._indexes.give(key, settings), key, definition, settings, hardware, protocol, left)

    def _add(self, device: Device) -> None:
        if device.hardware.address in self._seen:
            # Its link broke, or a server before this one ended, while it may have been running, and nobody drives it any
            # more. The pacer tells of a failure.
            stopped = device.stop()
            stopped.add_done_callback(lambda _: self._stopped_again(device, stopped.result()))
            self._lost_running.wait_for(stopped)
        self._seen.add(device.hardware.address)
        self.devices[device.index] = device
        logger.info("%s connected; limits set by its user: %s", device.label, device.settings.limits)
        warn_of_limits_elsewhere(self.configuration, device.key)
        self._tell_change()
        device.hardware.on_disconnect(lambda reason: self._lost(device, reason))

    def _lost(self, device: Device, reason: str) -> None:
        if self.devices.get(device.index) is not device:
            return
        del self.devices[device.index]
        if device.may_be_running:
            self._lost_running.add(device.hardware.address, device.label)
        self._returning[device.hardware.address] = None
        self._moves_left[device.hardware.address] = device.moves_under_way()
        logger.info("%s disconnected: %s", device.label, reason)
        device.end(f"it was disconnected: {reason}")
        closing = _spawn(self._leaving, self._let_go(device, reason), f"closing {device.label}")
        if device.hardware.address in self._lost_running:
            self._lost_running.wait_for(closing)

    async def _let_go(self, device: Device, reason: str) -> None:
        for _ in range(ANSWER_TURNS):
            await asyncio.sleep(0)
        self._tell_change()
        try:
            await device.close(reason)
        finally:
            self._claims.release(device.hardware.address)
            found_again = self._returning.pop(device.hardware.address)
            if found_again is not None:
                found_again()

    def _tell_change(self) -> None:
        """Tell that a device came or went. What goes wrong with that is no reason not to let it come or go."""
        try:
            self.on_change()
        except Exception:
            logger.exception("clients could not be told which devices there are")

    # The end

    def stop_accepting(self) -> None:
        """Connect no more devices, but for those that were lost while they may have been running."""
        self._closing = True
        for task in self._connecting:
            if not self._lost_running.is_waited_for(task):
                task.cancel()

    async def stop_lost(self, limit: float) -> list[str]:
        """Give devices that were lost while they may have been running up to ``limit`` seconds to be connected and stopped.

        Only those are waited for that are being connected already. Returns a sentence for each that was not stopped.
        """
        await self._lost_running.settle(limit)
        return self._lost_running.unstopped({device.hardware.address for device in self.devices.values()})

    def _stopped_again(self, device: Device, error: ButtplugDeviceError | None) -> None:
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
            _spawn(self._leaving, device.close("the server is shutting down"), f"closing {device.label}")
        if await _cancel_late({*self._connecting, *self._leaving}, limit):
            logger.warning("not every device was disconnected within %g s", limit)
        buses: set[asyncio.Task[None]] = set()
        for manager in self.managers:
            _spawn(buses, self._close(manager), f"closing {manager.bus}")
        if await _cancel_late(buses, limit / 2):
            logger.warning("not every bus was closed within %g s", limit / 2)


def _family(protocol_id: str) -> type[Protocol]:
    family = protocols.load(protocol_id)
    if family is None:
        raise HardwareError(f"protocol {protocol_id} is not supported")
    return family


async def _expel(device: Device, stopped: asyncio.Future[ButtplugDeviceError | None], reason: str) -> None:
    """Disconnect a device that may not be connected any more, once it is stopped."""
    logger.warning("%s is disconnected: %s", device.label, reason)
    await asyncio.wait([stopped], timeout=DISCONNECT_LIMIT)
    await disconnect(device.hardware, device.label)


async def _survey(manager: CommunicationManager) -> None:
    report = await manager.check()
    if not report.ok:
        raise BusUnavailableError(report.summary if report.remedy is None else f"{report.summary}: {report.remedy}")
    logger.info("%s: %s", manager.bus, report.summary)


def _spawn(tasks: set[asyncio.Task[None]], work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work, name=name)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    task.add_done_callback(log_failure)
    return task


async def _cancel_late(tasks: Collection[asyncio.Task[None]], limit: float) -> bool:
    """Wait for tasks, and cancel those that go on for longer; return whether there were any."""
    if not tasks:
        return False
    _, late = await asyncio.wait(tuple(tasks), timeout=limit)
    for task in late:
        task.cancel()
    return bool(late)
