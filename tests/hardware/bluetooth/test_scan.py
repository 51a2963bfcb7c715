"""Finding Bluetooth LE devices: the real bleak, with a BlueZ of our own below it."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothManager, sightings
from tests.fakes.bluez import FakeAdapter
from tests.hardware.bluetooth.helpers import SERVICE, SPECIFIER, Found, toy
from tests.hardware.helpers import until

pytestmark = pytest.mark.real_time


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "NAME_WAIT", 0.1)


@pytest.mark.parametrize(
    "advertisement",
    [
        BluetoothAdvertisement(name="LVS-Z36D"),
        BluetoothAdvertisement(name="Toy", services=frozenset({SERVICE})),
        BluetoothAdvertisement(manufacturer_data={620: bytes([0xFF, 0x21])}),
        BluetoothAdvertisement(services=frozenset({SERVICE})),
    ],
    ids=["name", "name and service", "manufacturer data alone", "service alone"],
)
async def test_a_scan_reports_what_a_device_advertises(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, advertisement: BluetoothAdvertisement
) -> None:
    peripheral = toy(adapter, advertisement=advertisement)
    await bluetooth.start_scanning()
    discovery = await found.next_of(peripheral)
    assert discovery.advertisement == advertisement
    assert discovery.name == advertisement.name
    assert discovery.address == "C0:00:5E:00:53:01"


async def test_service_uuids_are_reported_in_lower_case(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripheral = toy(adapter, advertisement=BluetoothAdvertisement(name="Toy", services=frozenset({SERVICE.upper()})))
    await bluetooth.start_scanning()
    assert (await found.next_of(peripheral)).advertisement == BluetoothAdvertisement(name="Toy", services=frozenset({SERVICE}))


async def test_pieces_of_advertisements_are_put_together_and_reported_when_they_add_something(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripheral = toy(adapter)
    await bluetooth.start_scanning()
    await found.next_of(peripheral)
    peripheral.device.advertisement = BluetoothAdvertisement(services=frozenset({SERVICE}))
    discovery = await found.next_of(peripheral, after=1)
    assert discovery.advertisement == BluetoothAdvertisement(name="Toy", services=frozenset({SERVICE}))


async def test_a_device_that_says_nothing_is_not_reported(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    silent = toy(adapter, 1, advertisement=BluetoothAdvertisement())
    other = toy(adapter, 2)
    await bluetooth.start_scanning()
    await found.next_of(other)
    assert found.of(silent) == []


async def test_a_device_is_reported_once_however_often_it_is_heard(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripheral = toy(adapter)
    await bluetooth.start_scanning()
    await found.next_of(peripheral)
    await asyncio.sleep(0.2)
    assert len(found.of(peripheral)) == 1


async def test_a_new_scan_reports_every_device_again(bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found) -> None:
    peripheral = toy(adapter)
    await bluetooth.start_scanning()
    await found.next_of(peripheral)
    await bluetooth.stop_scanning()
    await bluetooth.start_scanning()
    await found.next_of(peripheral, after=1)


async def test_nothing_is_reported_after_a_scan(bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found) -> None:
    await bluetooth.start_scanning()
    await bluetooth.stop_scanning()
    # Another program goes on scanning, so BlueZ goes on telling.
    adapter.scanners.add("another program")
    toy(adapter)
    await asyncio.sleep(0.2)
    assert found.discoveries == []


async def test_scanning_starts_and_stops_discovery_once(bluetooth: BluetoothManager, adapter: FakeAdapter) -> None:
    assert not bluetooth.scanning
    await bluetooth.start_scanning()
    await bluetooth.start_scanning()
    assert (bluetooth.scanning, len(adapter.scanners), adapter.scans_started) == (True, 1, 1)
    await bluetooth.stop_scanning()
    await bluetooth.stop_scanning()
    assert (bluetooth.scanning, len(adapter.scanners)) == (False, 0)


async def test_closing_ends_the_scan(bluetooth: BluetoothManager, adapter: FakeAdapter) -> None:
    await bluetooth.start_scanning()
    await bluetooth.close()
    assert not bluetooth.scanning
    assert adapter.scanners == set()


async def test_a_connected_device_is_not_reported(bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found) -> None:
    peripheral = toy(adapter)
    await found.connect(peripheral)
    before = len(found.discoveries)
    await bluetooth.stop_scanning()
    await bluetooth.start_scanning()
    peripheral.bluez.changed(peripheral.path, "org.bluez.Device1", {})
    await asyncio.sleep(0.1)
    assert len(found.discoveries) == before


async def test_a_device_that_could_not_be_connected_is_reported_again_after_a_while(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "RETRY_DELAYS", (0.2, 0.4))
    peripheral = toy(adapter, services={SERVICE: {}})
    await bluetooth.start_scanning()
    loop = asyncio.get_running_loop()
    for tries, delay in ((1, 0.2), (2, 0.4), (3, 0.4)):
        discovery = await found.next_of(peripheral, after=tries - 1)
        with pytest.raises(Exception, match="none of the devices it looks like"):
            await discovery.connect([SPECIFIER])
        failed = loop.time()
        await found.next_of(peripheral, after=tries)
        assert delay <= loop.time() - failed < delay + 1.0


async def test_a_start_while_a_scan_is_on_ends_the_waiting_of_a_device_that_could_not_be_connected(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripheral = toy(adapter, services={SERVICE: {}})
    await bluetooth.start_scanning()
    for tries in range(3):
        discovery = await found.next_of(peripheral, after=tries)
        with pytest.raises(Exception, match="none of the devices it looks like"):
            await discovery.connect([SPECIFIER])
        async with asyncio.timeout(sightings.RETRY_DELAYS[0] - 0.5):
            await bluetooth.start_scanning()
            await found.next_of(peripheral, after=tries + 1)


async def test_a_device_the_server_let_go_is_reported_again_while_the_scan_is_on(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "RETRY_DELAYS", (0.1,))
    peripheral = toy(adapter)
    hardware = await found.connect(peripheral)
    await hardware.disconnect()
    again = await found.next_of(peripheral, after=1)
    assert (await again.connect([SPECIFIER])).connected


async def test_twenty_devices_are_found_and_connected_one_at_a_time(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripherals = [toy(adapter, number) for number in range(20)]
    connecting = 0
    most = 0

    async def count() -> None:
        nonlocal connecting, most
        connecting += 1
        most = max(most, connecting)
        await asyncio.sleep(0.005)
        connecting -= 1

    for peripheral in peripherals:
        peripheral.hooks["Connect"] = count
    await bluetooth.start_scanning()
    discoveries = [await found.next_of(peripheral) for peripheral in peripherals]
    links = await asyncio.gather(*(discovery.connect([SPECIFIER]) for discovery in discoveries))
    assert all(link.connected for link in links)
    assert most == 1
    await bluetooth.close()
    await until(lambda: not any(peripheral.connected for peripheral in peripherals))
