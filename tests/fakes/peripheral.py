"""Bluetooth LE devices for :mod:`tests.fakes.bluez`: what BlueZ knows of each, with a simulated device inside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dbus_fast import Variant

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice

if TYPE_CHECKING:
    from tests.fakes.bluez import FakeAdapter, FakeBlueZ

DEVICE = "org.bluez.Device1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"

#: Longest value of a characteristic, in bytes.
LONGEST_VALUE = 512

ALL_FLAGS = ("read", "write-without-response", "write", "notify")

#: Runs in place of what BlueZ would do; returns for it to go on, raises a BlueZError, or never ends.
Hook: TypeAlias = Callable[[], Awaitable[object]]

#: The properties of an interface.
Properties: TypeAlias = dict[str, Variant]


class BlueZError(Exception):
    """An error reply."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name if "." in name else f"org.bluez.Error.{name}"
        self.text = text


async def hang() -> None:
    """Never answer."""
    await asyncio.Event().wait()


def refuse(name: str, text: str, *, times: int = 1_000_000) -> Hook:
    """Return a hook that answers with an error, the first ``times`` times."""
    left = times

    async def hook() -> None:
        nonlocal left
        if left > 0:
            left -= 1
            raise BlueZError(name, text)

    return hook


def services_of(specifier: BluetoothSpecifier) -> dict[str, dict[str, str]]:
    """Return the services of a device with all endpoints of a specifier, each once, with digits for the question marks."""
    services: dict[str, dict[str, str]] = {}
    offered: set[str] = set()
    for service, endpoints in specifier.services.items():
        new = {endpoint: _concrete(uuid) for endpoint, uuid in endpoints.items() if endpoint not in offered}
        if new:
            services[_concrete(service)] = new
            offered |= new.keys()
    return services


def _concrete(pattern: str) -> str:
    for digit in "5a303":
        pattern = pattern.replace("?", digit, 1)
    return pattern


class Write(NamedTuple):
    """What was written to a characteristic; ``kind`` is "request" (with response) or "command"."""

    endpoint: str
    data: bytes
    kind: str


class Characteristic:
    """A characteristic of a peripheral."""

    def __init__(self, path: str, service: str, uuid: str, endpoint: str, flags: Collection[str]) -> None:
        self.path = path
        self.service = service
        self.uuid = uuid
        self.endpoint = endpoint
        self.flags = list(flags)
        self.notifying = False


class Peripheral:
    """A Bluetooth LE device around, with a simulated device inside.

    Attributes:
        hooks: By the name of BlueZ's method (Connect, Disconnect, ReadValue, WriteValue, StartNotify, StopNotify), and
            "Resolve" for finding the services.
        writes: What was written to it.
        connects: How often it was asked to connect.
    """

    def __init__(
        self,
        device: SimulatedDevice,
        services: Mapping[str, Mapping[str, str]],
        *,
        flags: Mapping[str, Collection[str]] | None = None,
        mtu: int = 23,
    ) -> None:
        """``services``: service UUID → endpoint → characteristic UUID; ``flags``: endpoint → BlueZ's flags, all by default."""
        self.device = device
        self.services = services
        self.flags = flags or {}
        self.mtu = mtu
        self.hooks: dict[str, Hook] = {}
        self.writes: list[Write] = []
        self.connects = 0
        self.connected = False
        self.known = False
        self.path = ""
        self.characteristics: dict[str, Characteristic] = {}
        self._adapter: FakeAdapter | None = None
        self._resolved = False
        self._cancelled = asyncio.Event()

    # What the simulated device sees of its link

    @property
    def subscribed(self) -> set[str]:
        """The endpoints that notify."""
        return {characteristic.endpoint for characteristic in self.characteristics.values() if characteristic.notifying}

    def notified(self, endpoint: str, data: bytes) -> None:
        """Send a notification."""
        for characteristic in self.characteristics.values():
            if characteristic.endpoint == endpoint and characteristic.notifying:
                self._changed(characteristic.path, CHARACTERISTIC, {"Value": Variant("ay", data)})

    def lost(self, reason: str) -> None:
        """Break the link."""
        self.drop()

    # What BlueZ does with it

    def attach(self, adapter: FakeAdapter) -> None:
        """Belong to an adapter, as a new device."""
        self._adapter = adapter
        self.known = self.connected = self._resolved = False
        self.path = f"{adapter.path}/dev_{self.device.address.replace(':', '_')}"
        self.characteristics = {}
        handle = 0
        for endpoints in self.services.values():
            handle += 1
            service_path = f"{self.path}/service{handle:04x}"
            for endpoint, uuid in endpoints.items():
                handle += 1
                path = f"{service_path}/char{handle:04x}"
                flags = self.flags.get(endpoint, ALL_FLAGS)
                self.characteristics[path] = Characteristic(path, service_path, uuid, endpoint, flags)

    def objects(self) -> dict[str, dict[str, Properties]]:
        """Return what BlueZ's object manager has of it."""
        if not self.known:
            return {}
        return {self.path: {DEVICE: self._properties()}} | (self._gatt() if self._resolved else {})

    def advertise(self) -> None:
        """Be heard once."""
        if self.connected or not self.device.in_range:
            return
        if not self.known:
            self.known = True
            self.bluez.added(self.path, {DEVICE: self._properties()})
        else:
            heard = self._advertised() | {"RSSI": Variant("n", self.device.rssi or -60)}
            self._changed(self.path, DEVICE, heard)

    def leave_connected(self) -> None:
        """Be connected already: by a program that was killed, which BlueZ takes no notice of, or by one that still runs."""
        self.known = self.connected = self._resolved = True
        self.device.hardware = self
        for path, interfaces in self.objects().items():
            self.bluez.added(path, interfaces)

    def drop(self) -> None:
        """End the link, by whatever cause. BlueZ reports it in two signals."""
        self._cancelled.set()
        if not self.connected:
            return
        self.connected = False
        for characteristic in self.characteristics.values():
            characteristic.notifying = False
        self._changed(self.path, DEVICE, {"Connected": Variant("b", False)})
        self._changed(self.path, DEVICE, {"ServicesResolved": Variant("b", False)})

    def vanish(self) -> None:
        """Be forgotten by BlueZ, with no word about the link."""
        self._cancelled.set()
        objects, self.known, self.connected, self._resolved = self.objects(), False, False, False
        for path in reversed(objects):
            self.bluez.removed(path, list(objects[path]))

    async def call(self, path: str, member: str, body: list[Any]) -> list[Any]:
        """Answer a method call on the device or one of its characteristics."""
        if member == "Connect":
            self.connects += 1
        if (hook := self.hooks.get(member)) is not None:
            await hook()
        if path == self.path:
            await {"Connect": self._connect, "Disconnect": self._disconnect}[member]()
            return []
        characteristic = self.characteristics[path]
        if not self.connected:
            raise BlueZError("Failed", "Not connected")
        match member:
            case "ReadValue":
                return [self._read(characteristic)]
            case "WriteValue":
                await self._write(characteristic, body[0], body[1]["type"].value)
            case "StartNotify":
                self._start_notify(characteristic)
            case "StopNotify":
                characteristic.notifying = False
        return []

    async def _connect(self) -> None:
        assert self._adapter is not None
        if not self._adapter.powered:
            raise BlueZError("NotReady", "Resource Not Ready")
        if self.device.connect_error is not None:
            raise BlueZError("Failed", self.device.connect_error.message)
        self._cancelled.clear()
        if not self.device.in_range:
            await self._cancelled.wait()
            raise BlueZError("Failed", "le-connection-abort-by-local")
        self.connected = True
        self.device.hardware = self
        self._changed(self.path, DEVICE, {"Connected": Variant("b", True)})
        self.bluez.start(self._resolve())

    async def _resolve(self) -> None:
        if (hook := self.hooks.get("Resolve")) is not None:
            await hook()
        if not self.connected:
            return
        if not self._resolved:
            self._resolved = True
            for path, interfaces in self._gatt().items():
                self.bluez.added(path, interfaces)
        self._changed(self.path, DEVICE, self._found_services() | {"ServicesResolved": Variant("b", True)})

    async def _disconnect(self) -> None:
        if not self.connected and self._cancelled.is_set():
            raise BlueZError("NotConnected", "Not Connected")
        self.drop()

    def _read(self, characteristic: Characteristic) -> bytes:
        if "read" not in characteristic.flags:
            raise BlueZError("NotPermitted", "Read not permitted")
        try:
            value = self.device.value_of(characteristic.endpoint)
        except HardwareError as error:
            raise BlueZError("Failed", error.message) from error
        # BlueZ tells the value twice.
        self._changed(characteristic.path, CHARACTERISTIC, {"Value": Variant("ay", value)})
        return value

    async def _write(self, characteristic: Characteristic, data: bytes, kind: str) -> None:
        flag = "write" if kind == "request" else "write-without-response"
        if flag not in characteristic.flags:
            raise BlueZError("NotSupported", "Operation is not supported")
        if len(data) > LONGEST_VALUE:
            raise BlueZError("InvalidArguments", "Invalid Length")
        if kind == "command" and len(data) > self.mtu - 3:
            raise BlueZError("Failed", "Failed to initiate write")
        if self.device.write_delay:
            await asyncio.sleep(self.device.write_delay)
        if self.device.write_error is not None:
            raise BlueZError("Failed", self.device.write_error.message)
        self.writes.append(Write(characteristic.endpoint, bytes(data), kind))
        self.device.received(Packet(bytes(data), characteristic.endpoint, response=kind == "request"))

    def _start_notify(self, characteristic: Characteristic) -> None:
        if "notify" not in characteristic.flags and "indicate" not in characteristic.flags:
            raise BlueZError("NotSupported", "Operation is not supported")
        if characteristic.notifying:
            raise BlueZError("InProgress", "In Progress")
        characteristic.notifying = True
        self._changed(characteristic.path, CHARACTERISTIC, {"Notifying": Variant("b", True)})
        self.device.on_subscribe(characteristic.endpoint)

    # What it looks like on D-Bus

    @property
    def bluez(self) -> FakeBlueZ:
        """The service it is behind."""
        assert self._adapter is not None
        return self._adapter.bluez

    def _changed(self, path: str, interface: str, changed: Properties) -> None:
        self.bluez.changed(path, interface, changed)

    def _advertised(self) -> Properties:
        advertisement = self.device.advertisement
        assert isinstance(advertisement, BluetoothAdvertisement)
        properties = {"UUIDs": Variant("as", sorted(advertisement.services))}
        if advertisement.name:
            properties |= {"Name": Variant("s", advertisement.name), "Alias": Variant("s", advertisement.name)}
        if advertisement.manufacturer_data:
            data = {company: Variant("ay", data) for company, data in advertisement.manufacturer_data.items()}
            properties["ManufacturerData"] = Variant("a{qv}", data)
        return properties

    def _properties(self) -> Properties:
        assert self._adapter is not None
        properties = {
            "Address": Variant("s", self.device.address),
            "AddressType": Variant("s", "random"),
            "Alias": Variant("s", self.device.address.replace(":", "-")),
            "Adapter": Variant("o", self._adapter.path),
            "Paired": Variant("b", False),
            "Connected": Variant("b", self.connected),
            "ServicesResolved": Variant("b", self.connected and self._resolved),
            "RSSI": Variant("n", self.device.rssi or -60),
        } | self._advertised()
        return properties | self._found_services() if self.connected and self._resolved else properties

    def _found_services(self) -> Properties:
        return {"UUIDs": Variant("as", [*self.services, "00001800-0000-1000-8000-00805f9b34fb"])}

    def _gatt(self) -> dict[str, dict[str, Properties]]:
        objects: dict[str, dict[str, Properties]] = {}
        services = iter(self.services)
        for characteristic in self.characteristics.values():
            if characteristic.service not in objects:
                objects[characteristic.service] = {
                    SERVICE: {
                        "UUID": Variant("s", next(services)),
                        "Device": Variant("o", self.path),
                        "Primary": Variant("b", True),
                    }
                }
            objects[characteristic.path] = {
                CHARACTERISTIC: {
                    "UUID": Variant("s", characteristic.uuid),
                    "Service": Variant("o", characteristic.service),
                    "Flags": Variant("as", characteristic.flags),
                    "MTU": Variant("q", self.mtu),
                    "Notifying": Variant("b", characteristic.notifying),
                }
            }
        return objects
