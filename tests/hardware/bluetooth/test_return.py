"""Bluetooth LE devices that drop out come back by themselves, without a scan."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.bluetooth import BluetoothManager, sightings
from buttplug.hardware.bluetooth import link as bluetooth_link
from buttplug.hardware.bluetooth.link import BluetoothHardware
from buttplug.hardware.errors import HardwareError
from tests.fakes.bluez import FakeAdapter
from tests.fakes.peripheral import Peripheral, refuse
from tests.hardware.bluetooth.helpers import SPECIFIER, Found, toy
from tests.hardware.helpers import until

pytestmark = pytest.mark.real_time


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "SHORT_LINK_TIME", 0.0)
    monkeypatch.setattr(sightings, "DISCONNECT_ECHO_TIME", 0.1)
    monkeypatch.setattr(sightings, "RETRY_DELAYS", (0.1, 0.3))
    monkeypatch.setattr(bluetooth_link, "CONNECT_PAUSE", 0.01)


@pytest.fixture
def peripheral(adapter: FakeAdapter) -> Peripheral:
    return toy(adapter)


@pytest.fixture
async def hardware(bluetooth: BluetoothManager, found: Found, peripheral: Peripheral) -> BluetoothHardware:
    """A connected device; the scan is over."""
    hardware = await found.connect(peripheral)
    await bluetooth.stop_scanning()
    return hardware


async def test_a_device_that_dropped_out_is_reported_when_it_is_back(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    assert adapter.scanners == set()
    peripheral.device.disconnect()
    await until(lambda: adapter.scanners)
    assert not bluetooth.scanning
    await asyncio.sleep(0.2)
    assert len(found.of(peripheral)) == 1, "the disconnect itself was taken for an advertisement"
    peripheral.device.come_back()
    again = await (await found.next_of(peripheral, after=1)).connect([SPECIFIER])
    assert again.connected
    await until(lambda: not adapter.scanners)


async def test_only_the_device_that_dropped_out_is_reported(
    adapter: FakeAdapter, found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    other = toy(adapter, 2)
    peripheral.device.disconnect()
    await until(lambda: adapter.scanners)
    await asyncio.sleep(0.1)
    peripheral.device.come_back()
    await found.next_of(peripheral, after=1)
    assert found.of(other) == []


async def test_a_device_the_server_let_go_is_not_waited_for(
    adapter: FakeAdapter, found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    await hardware.disconnect()
    await asyncio.sleep(0.2)
    assert (len(found.of(peripheral)), adapter.scanners) == (1, set())


async def test_a_device_that_is_forgotten_is_not_waited_for(
    bluetooth: BluetoothManager, adapter: FakeAdapter, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    peripheral.device.disconnect()
    await until(lambda: adapter.scanners)
    bluetooth.forget(peripheral.device.address)
    await until(lambda: not adapter.scanners)


async def test_a_device_that_is_refused_when_it_is_back_is_forgotten(
    adapter: FakeAdapter, found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    peripheral.device.disconnect()
    peripheral.device.come_back()
    (await found.next_of(peripheral, after=1)).refused("the user denied it")
    await until(lambda: not adapter.scanners)


async def test_closing_ends_the_waiting(
    bluetooth: BluetoothManager, adapter: FakeAdapter, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    peripheral.device.disconnect()
    await until(lambda: adapter.scanners)
    await bluetooth.close()
    assert adapter.scanners == set()


async def test_reconnecting_is_tried_again_and_again_with_longer_and_longer_pauses(
    found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    loop = asyncio.get_running_loop()
    peripheral.device.disconnect()
    peripheral.hooks["Connect"] = refuse("Failed", "Software caused connection abort")
    peripheral.device.come_back()
    failed: list[float] = []
    tried: list[float] = []
    for attempt in range(1, 5):
        discovery = await found.next_of(peripheral, after=attempt)
        tried.append(loop.time())
        with pytest.raises(HardwareError):
            await discovery.connect([SPECIFIER])
        failed.append(loop.time())
    pauses = [after - before for before, after in zip(failed, tried[1:], strict=False)]
    assert [round(pause, 1) >= least for pause, least in zip(pauses, (0.1, 0.3, 0.3), strict=True)] == [True] * 3
    del peripheral.hooks["Connect"]
    again = await (await found.next_of(peripheral, after=5)).connect([SPECIFIER])
    assert again.connected


async def test_a_device_that_comes_back_but_is_not_ready_is_still_waited_for(
    found: Found, peripheral: Peripheral, hardware: BluetoothHardware
) -> None:
    peripheral.device.disconnect()
    peripheral.device.come_back()
    unready = await (await found.next_of(peripheral, after=1)).connect([SPECIFIER])
    await unready.disconnect()  # as when the hand-shake fails
    again = await (await found.next_of(peripheral, after=2)).connect([SPECIFIER])
    assert again.connected


async def test_a_device_that_drops_out_right_after_it_was_connected_counts_as_not_connected(
    found: Found, peripheral: Peripheral, hardware: BluetoothHardware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "SHORT_LINK_TIME", 60.0)
    loop = asyncio.get_running_loop()
    for attempt, pause in ((1, 0.1), (2, 0.3), (3, 0.3)):
        dropped = loop.time()
        peripheral.drop()
        discovery = await found.next_of(peripheral, after=attempt)
        assert loop.time() - dropped >= pause - 0.01
        await discovery.connect([SPECIFIER])
