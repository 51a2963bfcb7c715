"""Bluetooth adapters, and BlueZ itself, that are missing, off, forbidden, or come and go."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from buttplug.hardware.base import BusReport, Packet
from buttplug.hardware.bluetooth import BluetoothManager, sightings
from buttplug.hardware.bluetooth import manager as bus
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError
from tests.fakes.bluez import FakeAdapter, FakeBlueZ
from tests.fakes.dbus import private_bus
from tests.fakes.fault_log import faults
from tests.fakes.peripheral import hang, refuse
from tests.hardware.bluetooth.helpers import SPECIFIER, Found, hurry, toy
from tests.hardware.helpers import losses, until

pytestmark = pytest.mark.real_time

NOBODY_MAY = '<deny send_destination="org.bluez"/>'


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(bus, "SCAN_LIMIT", 0.5)
    monkeypatch.setattr(sightings, "RETRY_DELAYS", (0.1,))


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What this bus warned of so far."""
    return lambda: [
        record.message
        for record in caplog.records
        if record.name == "buttplug.hardware.bluetooth" and record.levelno >= logging.WARNING
    ]


@pytest.fixture
async def forbidden(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BluetoothManager]:
    """A manager on a bus that lets nobody talk to BlueZ."""
    with private_bus(policy=NOBODY_MAY) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        bluez = FakeBlueZ(address)
        await bluez.run()
        bluez.add_adapter()
        manager = BluetoothManager()
        yield manager
        await manager.close()
        await bluez.crash()


async def test_without_an_adapter_a_scan_is_refused_and_starts_when_one_is_plugged_in(
    bluetooth: BluetoothManager, bluez: FakeBlueZ
) -> None:
    with pytest.raises(BusUnavailableError, match="there is no Bluetooth adapter: plug one in"):
        await bluetooth.start_scanning()
    assert not bluetooth.scanning
    bluez.add_adapter()
    await until(lambda: bluetooth.scanning)


async def test_with_the_adapter_off_a_scan_is_refused_and_starts_when_it_is_switched_on(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, found: Found, warnings: Callable[[], list[str]]
) -> None:
    adapter = bluez.add_adapter(powered=False)
    peripheral = toy(adapter)
    with pytest.raises(BusUnavailableError, match="the Bluetooth adapter is off: switch it on: bluetoothctl power on"):
        await bluetooth.start_scanning()
    await asyncio.sleep(0.2)
    assert warnings() == [], "it was told already"
    adapter.power(True)
    await until(lambda: bluetooth.scanning)
    assert (await (await found.next_of(peripheral)).connect([SPECIFIER])).connected


async def test_a_scan_that_was_stopped_does_not_start_when_the_adapter_comes(
    bluetooth: BluetoothManager, bluez: FakeBlueZ
) -> None:
    adapter = bluez.add_adapter(powered=False)
    with pytest.raises(BusUnavailableError):
        await bluetooth.start_scanning()
    await bluetooth.stop_scanning()
    adapter.power(True)
    await asyncio.sleep(0.2)
    assert adapter.scans_started == 0


async def test_without_bluez_a_scan_is_refused_and_starts_when_it_runs(bluetooth: BluetoothManager, bluez: FakeBlueZ) -> None:
    await bluez.crash()
    with pytest.raises(BusUnavailableError, match=r"BlueZ, .* is not running: install BlueZ and start it"):
        await bluetooth.start_scanning()
    await bluez.run()
    bluez.add_adapter()
    await until(lambda: bluetooth.scanning)


async def test_without_dbus_a_scan_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    manager = BluetoothManager()
    with pytest.raises(BusUnavailableError, match=r"D-Bus cannot be reached .*mount its socket"):
        await manager.start_scanning()
    await manager.close()


async def test_without_permission_a_scan_is_refused(forbidden: BluetoothManager) -> None:
    with pytest.raises(BusUnavailableError, match="does not let this program use BlueZ: add yourself to the group bluetooth"):
        await forbidden.start_scanning()


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (hang, "does not answer: start it anew"),
        (refuse("InProgress", "Operation already in progress"), "the system refused: Operation already in progress"),
    ],
    ids=["hanging", "refusing"],
)
async def test_a_scan_that_bluez_does_not_start_is_refused_in_time(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, hook: Callable[[], None], words: str
) -> None:
    bluez.hooks["StartDiscovery"] = hook  # type: ignore[assignment]
    async with asyncio.timeout(2):
        with pytest.raises(BusUnavailableError, match=words):
            await bluetooth.start_scanning()


@pytest.mark.parametrize("takes", [0.1, 0.7], ids=["in time", "longer than is waited for"])
@pytest.mark.parametrize("end", ["stop_scanning", "close"])
async def test_a_scan_that_is_just_being_started_is_ended_too(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, takes: float, end: str
) -> None:
    bluez.hooks["StartDiscovery"] = partial(asyncio.sleep, takes)
    starting = asyncio.ensure_future(bluetooth.start_scanning())
    await asyncio.sleep(0.05)
    await getattr(bluetooth, end)()
    await asyncio.wait({starting})
    await asyncio.sleep(0.1)
    assert (bluetooth.scanning, adapter.scanners) == (False, set())
    assert starting.exception() is None or isinstance(starting.exception(), BusUnavailableError)


@pytest.mark.parametrize("end", ["stop_scanning", "close"])
async def test_a_scan_that_waits_for_its_library_is_ended_too(
    bluetooth: BluetoothManager, adapter: FakeAdapter, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    loaded = asyncio.Event()
    monkeypatch.setattr(bus, "_load", loaded.wait)
    starting = asyncio.ensure_future(bluetooth.start_scanning())
    await asyncio.sleep(0)
    await getattr(bluetooth, end)()
    loaded.set()
    await starting
    assert (bluetooth.scanning, adapter.scanners) == (False, set())


async def test_a_scan_that_takes_long_to_start_is_on_in_the_end(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, found: Found
) -> None:
    bluez.hooks["StartDiscovery"] = partial(asyncio.sleep, 0.7)
    with pytest.raises(BusUnavailableError):
        await bluetooth.start_scanning()
    await until(lambda: bluetooth.scanning)
    assert adapter.scans_started == 1
    await found.next_of(toy(adapter))


async def test_a_failing_scan_costs_no_link(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, found: Found
) -> None:
    hardware = await found.connect(toy(adapter))
    await bluetooth.stop_scanning()
    bluez.hooks["StartDiscovery"] = refuse("InProgress", "Operation already in progress")
    with pytest.raises(BusUnavailableError):
        await bluetooth.start_scanning()
    await asyncio.sleep(0.2)
    assert hardware.connected


async def test_a_scan_survives_an_adapter_that_is_switched_off_and_on(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, warnings: Callable[[], list[str]]
) -> None:
    await bluetooth.start_scanning()
    adapter.power(False)
    await until(lambda: not bluetooth.scanning)
    await asyncio.sleep(0.2)
    assert len(warnings()) == 1
    assert "the Bluetooth adapter is off" in warnings()[0]
    adapter.power(True)
    await until(lambda: bluetooth.scanning)
    await found.next_of(toy(adapter))
    assert len(warnings()) == 1


async def test_a_scan_that_ended_unnoticed_is_started_anew(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "QUIET_LIMIT", 0.1)
    await bluetooth.start_scanning()
    adapter.power(False)
    adapter.power(True)
    await until(lambda: adapter.scanners)
    await found.next_of(toy(adapter))


async def test_a_scan_that_is_started_anew_goes_on_meanwhile(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "QUIET_LIMIT", 0.1)
    await bluetooth.start_scanning()
    goes_on: list[bool] = []

    async def note() -> None:
        goes_on.append(bluetooth.scanning)

    bluez.hooks["StartDiscovery"] = note
    await until(lambda: len(goes_on) > 1)
    assert all(goes_on), "a scan that seems to have ended would be told to clients as finished"


async def test_the_end_of_a_scan_whose_adapter_is_unplugged_is_told_once(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter
) -> None:
    ends: list[bool] = []
    bluetooth.on_scanning_finished = lambda: ends.append(bluetooth.scanning)
    await bluetooth.start_scanning()
    bluez.remove_adapter()
    await until(lambda: ends)
    await asyncio.sleep(0.2)
    assert ends == [False]


async def test_devices_are_lost_with_an_adapter_that_is_unplugged_and_back_with_it(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, found: Found
) -> None:
    peripherals = [toy(adapter, number) for number in range(3)]
    links = [await found.connect(peripheral) for peripheral in peripherals]
    await bluetooth.stop_scanning()
    reasons = [losses(link) for link in links]
    bluez.remove_adapter()
    await until(lambda: all(reasons))
    assert reasons == [["the Bluetooth adapter was switched off or unplugged"]] * 3
    bluez.add_adapter()
    for peripheral in peripherals:
        assert (await (await found.next_of(peripheral, after=1)).connect([SPECIFIER])).connected
    assert not bluetooth.scanning


async def test_devices_are_lost_with_an_adapter_that_is_switched_off_and_back_with_it(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    peripheral = toy(adapter)
    hardware = await found.connect(peripheral)
    await bluetooth.stop_scanning()
    reasons = losses(hardware)
    adapter.power(False)
    await until(lambda: reasons)
    await asyncio.sleep(0.2)
    assert len(reasons) == 1
    adapter.power(True)
    assert (await (await found.next_of(peripheral, after=1)).connect([SPECIFIER])).connected


async def test_a_crash_of_bluez_is_noticed_with_the_next_write(
    bluetooth: BluetoothManager, bluez: FakeBlueZ, adapter: FakeAdapter, found: Found
) -> None:
    hardware = await found.connect(toy(adapter))
    await bluetooth.stop_scanning()
    reasons = losses(hardware)
    await bluez.crash()
    with pytest.raises(HardwareDisconnectedError, match="Toy was lost while writing to tx"):
        await hardware.write(Packet(b"\x01"))
    assert len(reasons) == 1


async def test_without_the_library_the_bus_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    users = ("buttplug.hardware.bluetooth.link", "buttplug.hardware.bluetooth.errors")
    for module in [name for name in sys.modules if name.split(".")[0] == "bleak" or name in users]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "bleak", None)
    manager = BluetoothManager()
    for use in (manager.open, manager.start_scanning):
        with pytest.raises(BusUnavailableError, match=r"Bluetooth LE needs bleak, .* pip install bleak"):
            await use()
    assert not (await manager.check()).ok
    await manager.close()


# What --check says


async def test_a_bus_that_can_be_used_is_reported_so(bluetooth: BluetoothManager, adapter: FakeAdapter) -> None:
    assert await bluetooth.check() == BusReport("Bluetooth LE", ok=True, summary="ready")
    assert adapter.scanners == set()


async def test_checking_does_not_disturb_a_scan(bluetooth: BluetoothManager, adapter: FakeAdapter) -> None:
    await bluetooth.start_scanning()
    assert (await bluetooth.check()).ok
    assert (len(adapter.scanners), adapter.scans_started) == (1, 1)


async def test_a_bus_that_cannot_be_used_is_reported_with_the_remedy(bluetooth: BluetoothManager, bluez: FakeBlueZ) -> None:
    report = await bluetooth.check()
    assert report == BusReport("Bluetooth LE", ok=False, summary="there is no Bluetooth adapter", remedy="plug one in")
    bluez.add_adapter(powered=False)
    async with asyncio.timeout(5):
        while report.summary == "there is no Bluetooth adapter":  # the word of it is on its way
            report = await bluetooth.check()
    assert (report.ok, report.summary) == (False, "the Bluetooth adapter is off")
    assert "bluetoothctl power on" in (report.remedy or "")


async def test_missing_permission_is_reported(forbidden: BluetoothManager) -> None:
    report = await forbidden.check()
    assert not report.ok
    assert "group bluetooth" in (report.remedy or "")


async def test_a_fault_in_the_watch_over_the_scan_is_logged_once_and_the_watch_goes_on(
    bluetooth: BluetoothManager,
    adapter: FakeAdapter,
    found: Found,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = 0

    async def fails(self: BluetoothManager, *, log: bool) -> None:
        nonlocal times
        times += 1
        raise RuntimeError("a fault of ours")

    await bluetooth.start_scanning()
    with monkeypatch.context() as patch:
        patch.setattr(BluetoothManager, "_update_scan", fails)
        await until(lambda: times > 3)
    assert faults(caplog) == ["a fault of ours"]
    # The adapter goes and comes: who sees to it that the scan is on again is still there.
    adapter.power(False)
    await until(lambda: not bluetooth.scanning)
    adapter.power(True)
    await until(lambda: bluetooth.scanning)
