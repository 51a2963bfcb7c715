"""One open link to a Bluetooth LE device, on bleak."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from bleak import BleakAdapter, BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import get_platform_client_backend_type
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import get_platform_scanner_backend_type
from bleak.exc import BleakError

from buttplug.core.log import logger_of
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.bluetooth.endpoints import resolve_endpoints
from buttplug.hardware.bluetooth.errors import device_error, is_temporary, link_gone
from buttplug.hardware.bluetooth.specifier import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.bluetooth.turns import ConnectTurns
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.specifier import Specifier

logger: logging.Logger = logger_of(__package__)

#: Seconds that connecting may take, finding the services and all tries included, but not the waiting for its turn.
CONNECT_LIMIT = 20.0
#: Times that connecting is tried, and seconds between two tries.
CONNECT_TRIES = 3
CONNECT_PAUSE = 0.5
#: Seconds that one write may take, and one read or change of a subscription.
WRITE_LIMIT = 3.0
READ_LIMIT = 3.0
#: Seconds that closing a link may take, and cleaning up after a connect that was given up.
DISCONNECT_LIMIT = 5.0

#: Seconds between two writes to a device that asks for nothing else.
MESSAGE_GAP = 0.075

#: Longest value of a characteristic, in bytes: Bluetooth Core Specification 5.4, volume 3, part F, section 3.2.9.
LONGEST_VALUE = 512

#: Standard characteristics that are offered although no protocol's configuration may name them: battery level and model
#: number, from the Bluetooth assigned numbers.
_STANDARD = BluetoothSpecifier(
    services={
        "0000180f-0000-1000-8000-00805f9b34fb": {"rxblebattery": "00002a19-0000-1000-8000-00805f9b34fb"},
        "0000180a-0000-1000-8000-00805f9b34fb": {"rxblemodel": "00002a24-0000-1000-8000-00805f9b34fb"},
    }
)

T = TypeVar("T")


def load_backend() -> None:
    """Load what bleak needs on this platform, which bleak itself loads only when it is used.

    Raises:
        ImportError: It cannot be loaded, or there is none for this platform.
    """
    try:
        get_platform_scanner_backend_type()
        get_platform_client_backend_type()
    except BleakError as error:
        raise ImportError(str(error)) from error


async def connected_devices(services: Sequence[str]) -> list[tuple[BLEDevice, str | None, Sequence[str]]]:
    """Return the connected devices of the system that have one of these services: each with its name and services if known."""
    # On Windows a list costs one question per device and service, this one costs none and brings all devices.
    wanted = ["1801"] if sys.platform == "win32" else list(services)
    devices = await (await BleakAdapter.get()).get_connected_devices(wanted)
    if sys.platform != "linux":
        return [(device, device.name, ()) for device in devices]
    # Only BlueZ tells services. bleak's name is the one that the user of the system may have given, not what is advertised.
    known = [(device, device.details["props"]) for device in devices]
    return [(device, properties.get("Name"), properties.get("UUIDs", ())) for device, properties in known]


async def open_link(
    device: BLEDevice, advertisement: BluetoothAdvertisement, specifiers: Sequence[Specifier], turns: ConnectTurns
) -> BluetoothHardware:
    """Connect to a device and find out which of the specifiers is its own: the first whose characteristics it has.

    It waits for its turn for that.

    Raises:
        HardwareError: It cannot be reached, or has the services of no specifier. It is disconnected then.
    """
    name = advertisement.name or device.address
    client, dropped = await _connect(device, name, turns)
    try:
        specifier, characteristics = _find_specifier(name, client, specifiers)
    except Exception as error:  # bleak forgets the services as soon as the link breaks
        await _close(client, name)
        raise device_error(name, "finding out what it is", error) from error
    return BluetoothHardware(client, dropped, device.address, advertisement, specifier, characteristics)


class BluetoothHardware(Hardware):
    """A connected Bluetooth LE device.

    ``rssi`` is the signal strength last heard before it was connected, in dBm: no system but macOS tells that of an open link.
    ``closed_by_server``: the server closed the link, it was not lost.
    """

    def __init__(
        self,
        client: BleakClient,
        dropped: asyncio.Future[None],
        address: str,
        advertisement: BluetoothAdvertisement,
        specifier: Specifier,
        characteristics: Mapping[str, BleakGATTCharacteristic],
    ) -> None:
        """``dropped`` is done when the link is gone; ``characteristics`` are by endpoint."""
        super().__init__(
            name=advertisement.name or address,
            address=address,
            endpoints=characteristics,
            specifier=specifier,
            manufacturer_data=advertisement.manufacturer_data,
            message_gap=MESSAGE_GAP,
        )
        self.rssi: int | None = None
        self.closed_by_server: bool = False
        self._client = client
        self._characteristics = characteristics
        self._subscribed: dict[int, list[str]] = {}
        self._subscribing = asyncio.Lock()
        self._warned: set[int] = set()
        self._closing: asyncio.Future[None] | None = None
        self._dropped = dropped
        dropped.add_done_callback(
            lambda _: self.lost("the link broke: it was switched off, went out of range, or the adapter went away")
        )

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        characteristic = self._characteristics[packet.endpoint]
        response = self._with_response(characteristic, packet)
        await self._run(
            f"writing to {packet.endpoint}",
            WRITE_LIMIT,
            self._client.write_gatt_char(characteristic, packet.data, response=response),
        )

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        reading = self._client.read_gatt_char(self._characteristics[endpoint])
        return bytes(await self._run(f"reading {endpoint}", READ_LIMIT, reading))

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        characteristic = self._characteristics[endpoint]
        if not {"notify", "indicate"}.intersection(characteristic.properties):
            raise HardwareError(f"{self.name}: {endpoint} sends no notifications")
        async with self._subscribing:
            # A characteristic may serve several endpoints. The first notification may come before the reply.
            endpoints = self._subscribed.setdefault(characteristic.handle, [])
            if endpoint in endpoints:
                return
            endpoints.append(endpoint)
            if len(endpoints) > 1:
                return
            try:
                starting = self._client.start_notify(characteristic, self._notified)
                await self._run(f"subscribing to {endpoint}", READ_LIMIT, starting)
            except BaseException:
                endpoints.remove(endpoint)
                raise

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        characteristic = self._characteristics[endpoint]
        async with self._subscribing:
            endpoints = self._subscribed.get(characteristic.handle, [])
            if endpoint not in endpoints:
                return
            endpoints.remove(endpoint)
            if not endpoints:
                stopping = self._client.stop_notify(characteristic)
                await self._run(f"unsubscribing from {endpoint}", READ_LIMIT, stopping)

    @property
    def knows_signal_strength(self) -> bool:
        return self.rssi is not None

    async def read_rssi(self) -> int:
        if self.rssi is None:
            raise HardwareError(f"{self.name}: the signal strength is not known")
        return self.rssi

    def lost(self, reason: str) -> None:
        if self.connected:
            if not self._dropped.done():
                self._dropped.set_result(None)
            # A link that was lost has to be closed too: bleak keeps a connection to D-Bus for each.
            self._closing = asyncio.ensure_future(_close(self._client, self.name))
        super().lost(reason)

    async def disconnect(self) -> None:
        if self.connected:
            self.closed_by_server = True
            self.lost("the server closed it")
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def on_released(self, callback: Callable[[], None]) -> None:
        """Call back when the link was ended or lost and nothing is left of it."""
        assert self._closing is not None
        self._closing.add_done_callback(lambda _: callback())

    def _with_response(self, characteristic: BleakGATTCharacteristic, packet: Packet) -> bool:
        """Return the kind of write: the wanted one if the characteristic knows it and the packet fits into it."""
        confirmed = "write" in characteristic.properties
        response = packet.response
        if confirmed is not ("write-without-response" in characteristic.properties):
            response = confirmed
        elif not confirmed:
            self._warn(characteristic, f"{packet.endpoint} says that it cannot be written; trying all the same")
        if response is not packet.response:
            self._warn(
                characteristic,
                f"{packet.endpoint} is written {'with' if response else 'without'} response, it knows no other way",
            )
        size, limit = len(packet.data), LONGEST_VALUE if response else characteristic.max_write_without_response_size
        if size > limit and confirmed and not response:
            response, limit = True, LONGEST_VALUE  # goes out in pieces
        if size > limit:
            raise HardwareError(f"{self.name}: {size} bytes are too long for {packet.endpoint}, which takes {limit} at once")
        return response

    def _warn(self, characteristic: BleakGATTCharacteristic, text: str) -> None:
        if characteristic.handle not in self._warned:
            self._warned.add(characteristic.handle)
            logger.warning("%s: %s", self.name, text)

    def _notified(self, characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
        for endpoint in tuple(self._subscribed.get(characteristic.handle, ())):
            self.notified(endpoint, bytes(data))

    async def _run(self, doing: str, limit: float, operation: Coroutine[Any, Any, T]) -> T:
        """Return what an operation on the link returns; it ends at once when the link does."""
        try:
            return await within(limit, operation, until=self._dropped)
        except Exception as error:  # bleak lets through whatever its platform raises
            if self._dropped.done():
                raise HardwareDisconnectedError(f"{self.name} was lost while {doing}") from error
            if link_gone(error):
                self.lost(f"the system has no link any more, it was noticed while {doing}")
            raise device_error(self.name, doing, error) from error


async def _connect(device: BLEDevice, name: str, turns: ConnectTurns) -> tuple[BleakClient, asyncio.Future[None]]:
    """Return a connected client, and a future that is done when it is disconnected."""
    loop = asyncio.get_running_loop()
    left = CONNECT_LIMIT
    for tries_left in reversed(range(CONNECT_TRIES)):
        dropped: asyncio.Future[None] = loop.create_future()
        client = BleakClient(device, disconnected_callback=partial(_set_dropped, dropped), timeout=left)
        async with turns.turn(device.address, client):
            began = loop.time()
            try:
                # bleak ends it by itself when the time is over, and then clears up: that has to end, too.
                await within(left + DISCONNECT_LIMIT, client.connect(), cleanup_limit=DISCONNECT_LIMIT)
            except asyncio.CancelledError:
                await _close_if_connected(client, name)
                raise
            except Exception as error:  # as in BluetoothHardware
                await _close_if_connected(client, name)
                left -= loop.time() - began + CONNECT_PAUSE
                if not tries_left or not is_temporary(error) or left <= 0:
                    raise device_error(name, "connecting", error) from error
                logger.info("%s: connecting failed, trying again: %s", name, error)
            else:
                return client, dropped
        await asyncio.sleep(CONNECT_PAUSE)
    raise AssertionError("the last try returns or raises")


def _set_dropped(dropped: asyncio.Future[None], client: BleakClient) -> None:
    if not dropped.done():
        dropped.set_result(None)


def _find_specifier(
    name: str, client: BleakClient, specifiers: Iterable[Specifier]
) -> tuple[Specifier, dict[str, BleakGATTCharacteristic]]:
    """Return the first specifier that the device's characteristics fit, and those by endpoint."""
    characteristics: dict[tuple[str, str], BleakGATTCharacteristic] = {}
    services: dict[str, list[str]] = {}
    for service in sorted(client.services, key=lambda service: service.handle):
        present = services.setdefault(service.uuid.lower(), [])
        for characteristic in sorted(service.characteristics, key=lambda characteristic: characteristic.handle):
            present.append(characteristic.uuid.lower())
            characteristics.setdefault((service.uuid.lower(), characteristic.uuid.lower()), characteristic)
    wanted: list[str] = []
    for specifier in specifiers:
        if not isinstance(specifier, BluetoothSpecifier):
            continue
        wanted.extend(specifier.services)
        endpoints = resolve_endpoints(specifier, services)
        if not _required_endpoints(specifier).isdisjoint(endpoints):
            endpoints = resolve_endpoints(_STANDARD, services) | endpoints
            return specifier, {endpoint: characteristics[where] for endpoint, where in endpoints.items()}
    raise HardwareError(
        f"{name} is none of the devices it looks like: of the services {', '.join(wanted)} it has none that would do, "
        f"it has {', '.join(services) or 'no services'}"
    )


def _required_endpoints(specifier: BluetoothSpecifier) -> set[str]:
    """Return the endpoints of which a device must have one: those for commands, or any where the device only senses."""
    endpoints = {endpoint for characteristics in specifier.services.values() for endpoint in characteristics}
    commands = {endpoint for endpoint in endpoints if endpoint.startswith("tx") or endpoint == "command"}
    return commands or endpoints - {"rxblebattery", "rxblemodel"}


async def _close_if_connected(client: BleakClient, name: str) -> None:
    """Close a link that was made in the moment in which it was given up. Never raises."""
    if client.is_connected:
        await _close(client, name)


async def _close(client: BleakClient, name: str) -> None:
    """Close a link and give back what the system holds for it. Never raises."""
    try:
        await within(DISCONNECT_LIMIT, client.disconnect())
    except Exception as error:  # noqa: BLE001 - bleak lets through whatever its platform raises
        if not link_gone(error):
            problem = device_error(name, "disconnecting", error).message
            logger.warning("%s; switch the device off if it stays connected", problem)


async def within(
    limit: float, operation: Coroutine[Any, Any, T], *, until: asyncio.Future[None] | None = None, cleanup_limit: float = 0.0
) -> T:
    """Return what an operation returns.

    Unlike ``asyncio.timeout`` this ends when the time is over (or ``until`` is done, or the caller is cancelled) even if the
    operation does not: cleaning up may wait for a system that hangs. ``cleanup_limit`` is how many seconds that may take.

    Raises:
        TimeoutError: It did not end in time.
    """
    task = asyncio.ensure_future(operation)
    try:
        ends: set[asyncio.Future[Any]] = {task} if until is None else {task, until}
        await asyncio.wait(ends, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_log_late_failure)
            if cleanup_limit:
                await asyncio.wait({task}, timeout=cleanup_limit)


def _log_late_failure(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.debug("an operation failed after its time limit: %r", error)
