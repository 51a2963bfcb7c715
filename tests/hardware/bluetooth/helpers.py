"""What the tests of Bluetooth LE share: a simple toy, and what the manager reports of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from buttplug.hardware.base import Discovery
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothManager, BluetoothSpecifier, manager, sightings
from buttplug.hardware.bluetooth.link import BluetoothHardware
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.bluez import FakeAdapter
from tests.fakes.peripheral import Peripheral, services_of
from tests.hardware.helpers import until

SERVICE = "0000fff0-0000-1000-8000-00805f9b34fb"
TX = "0000fff2-0000-1000-8000-00805f9b34fb"
RX = "0000fff1-0000-1000-8000-00805f9b34fb"
BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"

SPECIFIER = BluetoothSpecifier(services={SERVICE: {"tx": TX, "rx": RX}}, names=("Toy",))
GATT = {SERVICE: {"tx": TX, "rx": RX}, BATTERY_SERVICE: {"rxblebattery": BATTERY_LEVEL}}


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Have the manager look at the adapter soon, and take no link for too short and no report for an echo."""
    patch.setattr(manager, "ADAPTER_INTERVAL", 0.05)
    patch.setattr(sightings, "SHORT_LINK_TIME", 0.0)
    patch.setattr(sightings, "DISCONNECT_ECHO_TIME", 0.05)


def toy(
    adapter: FakeAdapter,
    number: int = 1,
    *,
    advertisement: BluetoothAdvertisement | None = None,
    services: Mapping[str, Mapping[str, str]] = GATT,
    flags: Mapping[str, Collection[str]] | None = None,
    mtu: int = 23,
) -> Peripheral:
    """Bring a toy into range of an adapter."""
    device = SimulatedDevice(
        "Toy", advertisement or BluetoothAdvertisement(name="Toy"), address=f"C0:00:5E:00:53:{number:02X}"
    )
    return adapter.add(Peripheral(device, services, flags=flags, mtu=mtu))


def bring(adapter: FakeAdapter, configuration: DeviceConfiguration, model: str, number: int = 1) -> Peripheral:
    """Bring a model into range, as the configuration knows it."""
    device = simulate(configuration, f"{model}@C0:00:5E:00:53:{number:02X}")
    (specifier,) = configuration.specifiers(configuration.find(model).protocol)
    assert isinstance(specifier, BluetoothSpecifier)
    return adapter.add(Peripheral(device, services_of(specifier)))


class Found:
    """Everything a manager reports, in order."""

    def __init__(self, manager: BluetoothManager) -> None:
        self.discoveries: list[Discovery] = []
        self._manager = manager
        manager.on_found = self.discoveries.append

    def of(self, peripheral: Peripheral) -> list[Discovery]:
        """Return the reports of one device."""
        return [discovery for discovery in self.discoveries if discovery.address == peripheral.device.address]

    async def next_of(self, peripheral: Peripheral, *, after: int = 0) -> Discovery:
        """Return the newest report of a device, once there are more than ``after``."""
        await until(lambda: len(self.of(peripheral)) > after)
        return self.of(peripheral)[-1]

    async def connect(self, peripheral: Peripheral) -> BluetoothHardware:
        """Scan for a device and connect it; the scan goes on."""
        await self._manager.start_scanning()
        hardware = await (await self.next_of(peripheral)).connect([SPECIFIER])
        assert isinstance(hardware, BluetoothHardware)
        return hardware
