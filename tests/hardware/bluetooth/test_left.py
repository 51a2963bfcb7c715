"""Bluetooth LE devices that are connected already: those of a server that was killed run on, and do not advertise."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
from bleak import BleakAdapter
from bleak.backends.device import BLEDevice

from buttplug import ButtplugClient, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothManager, BluetoothSpecifier, sightings
from buttplug.hardware.bluetooth import link as bluetooth_link
from buttplug.hardware.bluetooth import manager as bus
from buttplug.hardware.errors import HardwareError
from buttplug.server import ButtplugServer
from buttplug.server.buses import make_bus
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program.options import parse
from tests.fakes.bluez import FakeAdapter
from tests.fakes.peripheral import Peripheral
from tests.hardware.bluetooth.helpers import BATTERY_SERVICE, RX, SERVICE, SPECIFIER, TX, Found, bring, hurry, toy
from tests.hardware.helpers import served, until

pytestmark = pytest.mark.real_time

LOVENSE = "50300011-0023-4bd4-bbd5-a6920e4c5653"
SATISFYER = "51361500-c5e7-47c7-8a6e-47ebc99d80e8"
GENERIC_ACCESS = "00001800-0000-1000-8000-00805f9b34fb"
SERVICES = frozenset({SERVICE, BATTERY_SERVICE, GENERIC_ACCESS})

OTHER = BluetoothSpecifier(services={"0000ffe0-0000-1000-8000-00805f9b34fb": {"tx": TX, "rx": RX}})


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(bus, "CONNECTED_LIMIT", 0.2)
    monkeypatch.setattr(sightings, "RETRY_DELAYS", (0.1,))


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The services by which connected devices were asked for, each time."""
    asked: list[Sequence[str]] = []
    ask = BleakAdapter.get_connected_devices

    async def noted(self: BleakAdapter, service_uuids: list[str]) -> list[BLEDevice]:
        asked.append(service_uuids)
        return await ask(self, service_uuids)

    monkeypatch.setattr(BleakAdapter, "get_connected_devices", noted)
    return asked


def calls_of(peripheral: Peripheral, member: str) -> list[str]:
    """Return a list that gets every call of one of BlueZ's methods."""
    calls: list[str] = []

    async def note() -> None:
        calls.append(member)

    peripheral.hooks[member] = note
    return calls


# Behind a server


async def test_a_device_left_running_is_found_stopped_and_driven(adapter: FakeAdapter, bluetooth: BluetoothManager) -> None:
    configuration = DeviceConfiguration.load()
    peripheral = bring(adapter, configuration, "Lovense Nora")
    peripheral.leave_connected()
    async with served(bluetooth, configuration) as client:
        await client.devices[0].run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
        driven = [write.data for write in peripheral.writes]
    assert driven == [b"DeviceType;", b"Vibrate:0;", b"Rotate:0;", b"Vibrate:10;"]
    assert peripheral.connects == 0, "there was a link already"
    assert not peripheral.connected


async def test_a_device_of_no_protocol_stays_connected_and_is_left_alone(
    adapter: FakeAdapter, bluetooth: BluetoothManager
) -> None:
    headphones = toy(adapter, advertisement=BluetoothAdvertisement(name="Headphones"))
    disconnects = calls_of(headphones, "Disconnect")
    headphones.leave_connected()
    refusals: list[str] = []
    async with ButtplugServer(managers=[bluetooth]) as server, ButtplugClient("test") as client:
        found = bluetooth.on_found
        bluetooth.on_found = lambda discovery: found(replace(discovery, refused=refusals.append))
        await client.connect(server)
        await client.start_scanning()
        await until(lambda: refusals)
    assert refusals == ["no protocol here knows this device"]
    assert (headphones.connected, headphones.connects, disconnects, headphones.writes) == (True, 0, [], [])


# What is reported


async def test_a_device_that_is_connected_already_is_reported_as_such_once_in_every_scan(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    left, around = toy(adapter, 1), toy(adapter, 2)
    left.leave_connected()
    for scan in (1, 2):
        await bluetooth.start_scanning()
        discovery = await found.next_of(left, after=scan - 1)
        assert (discovery.advertisement, discovery.was_connected) == (BluetoothAdvertisement("Toy", services=SERVICES), True)
        assert not (await found.next_of(around, after=scan - 1)).was_connected
        await asyncio.sleep(0.1)
        await bluetooth.stop_scanning()
        assert len(found.of(left)) == scan


async def test_a_device_without_a_name_is_reported_by_its_services_at_once(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "NAME_WAIT", 60.0)
    left = toy(adapter, advertisement=BluetoothAdvertisement(manufacturer_data={620: b"\x01"}))
    left.leave_connected()
    await bluetooth.start_scanning()
    assert (await found.next_of(left)).advertisement == BluetoothAdvertisement(services=SERVICES)


async def test_a_link_of_the_servers_own_is_not_reported(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, questions: list[Sequence[str]]
) -> None:
    peripheral = toy(adapter)
    hardware = await found.connect(peripheral)
    await bluetooth.stop_scanning()
    await bluetooth.start_scanning()
    assert (len(questions), len(found.of(peripheral)), hardware.connected) == (2, 1, True)


async def test_a_link_that_the_server_is_closing_is_not_reported(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, questions: list[Sequence[str]]
) -> None:
    peripheral = toy(adapter)
    hardware = await found.connect(peripheral)
    await bluetooth.stop_scanning()
    close = asyncio.Event()
    peripheral.hooks["Disconnect"] = close.wait
    closing = asyncio.ensure_future(hardware.disconnect())
    await asyncio.sleep(0.05)
    await bluetooth.start_scanning()
    assert (len(questions), len(found.of(peripheral)), peripheral.connected) == (2, 1, True)
    close.set()
    await closing
    assert not (await found.next_of(peripheral, after=1)).was_connected


async def test_a_device_stays_one_that_may_be_running_when_the_first_connect_fails(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    left = toy(adapter)
    left.leave_connected()
    await bluetooth.start_scanning()
    with pytest.raises(HardwareError):
        await (await found.next_of(left)).connect([OTHER])
    discovery = await found.next_of(left, after=1)
    assert discovery.was_connected
    assert (await discovery.connect([SPECIFIER])).connected


# The question


async def test_the_question_is_asked_once_in_every_scan_however_often_it_has_to_be_started_anew(
    bluetooth: BluetoothManager, adapter: FakeAdapter, questions: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "QUIET_LIMIT", 0.05)
    await bluetooth.start_scanning()
    await until(lambda: adapter.scans_started > 2)
    assert questions == [["1800", "1801"]]
    await bluetooth.stop_scanning()
    await bluetooth.start_scanning()
    assert len(questions) == 2


async def test_a_scan_that_waits_for_the_adapter_asks_when_it_begins(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, questions: list[Sequence[str]]
) -> None:
    left = toy(adapter)
    adapter.power(False)
    with pytest.raises(HardwareError):
        await bluetooth.start_scanning()
    assert questions == []
    left.leave_connected()
    adapter.power(True)
    assert (await found.next_of(left)).was_connected


async def test_nothing_is_asked_while_only_a_device_that_dropped_out_is_waited_for(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, questions: list[Sequence[str]]
) -> None:
    peripheral = toy(adapter)
    await found.connect(peripheral)
    await bluetooth.stop_scanning()
    peripheral.device.disconnect()
    await until(lambda: adapter.scanners)
    await asyncio.sleep(0.1)
    assert len(questions) == 1


@pytest.mark.parametrize("failure", [NotImplementedError("not on this platform"), None], ids=["not told", "no answer"])
async def test_a_scan_goes_on_when_the_system_does_not_tell(
    bluetooth: BluetoothManager,
    adapter: FakeAdapter,
    found: Found,
    failure: Exception | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(self: BleakAdapter, service_uuids: list[str]) -> list[BLEDevice]:
        if failure is not None:
            raise failure
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(BleakAdapter, "get_connected_devices", fail)
    caplog.set_level(logging.DEBUG, "buttplug.hardware.bluetooth")
    peripheral = toy(adapter)
    async with asyncio.timeout(2):
        await bluetooth.start_scanning()
    assert bluetooth.scanning
    await found.next_of(peripheral)
    told = [record.levelno for record in caplog.records if "connected already are not known" in record.message]
    assert told == [logging.DEBUG]


async def test_the_services_of_the_configuration_are_asked_for_but_no_patterns(
    adapter: FakeAdapter, questions: list[Sequence[str]]
) -> None:
    manager = make_bus("bluetooth-le", parse([], {}), DeviceConfiguration.load())
    await manager.start_scanning()
    await manager.close()
    (asked,) = questions
    assert {"1800", "1801", SATISFYER, LOVENSE}.issubset(asked)
    assert [uuid for uuid in asked if "?" in uuid] == []


@pytest.mark.parametrize(("platform", "asked"), [("win32", ["1801"]), ("darwin", ["1800", "1801", SERVICE])])
async def test_other_systems_tell_only_the_name(platform: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    device = BLEDevice("C0:00:5E:00:53:01", "Toy", ("a handle",))
    questions: list[list[str]] = []

    async def get() -> SimpleNamespace:
        return SimpleNamespace(get_connected_devices=tell)

    async def tell(services: list[str]) -> list[BLEDevice]:
        questions.append(services)
        return [device]

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(BleakAdapter, "get", get)
    assert await bluetooth_link.connected_devices(["1800", "1801", SERVICE]) == [(device, "Toy", ())]
    assert questions == [asked]
