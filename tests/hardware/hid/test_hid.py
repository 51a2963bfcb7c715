"""The HID bus: the real code on a fake of the hidapi library's extension module."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from buttplug.client import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.common import blocking, listing, polling
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.hid import HidAdvertisement, HidManager, HidSpecifier
from buttplug.hardware.hid.library import HidAddresses, HidEntry, hidapi
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.simulated import SimulatedDevice
from tests.fakes.hidapi import HidBus, HidDevice, HidHandle
from tests.hardware.helpers import Findings, gone_from, losses, served, until, writes_meanwhile
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]

LEFT, PRO = UsbId(0x057E, 0x2006), UsbId(0x057E, 0x2009)
PAIRS = (LEFT, PRO)
SPECIFIER = HidSpecifier(PAIRS)
RULE = 'KERNEL=="hidraw*", KERNELS=="*:057E:2006.*", TAG+="uaccess"'


def joycon(pair: UsbId = LEFT, **settings: object) -> HidDevice:
    device = SimulatedDevice("Joy-Con (L)", HidAdvertisement(pair.vendor_id, pair.product_id), address="unused")
    return HidDevice(device, pair.vendor_id, pair.product_id, **{"serial": "98b6e9", **settings})  # type: ignore[arg-type]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> HidBus:
    bus = HidBus()
    bus.install(monkeypatch)
    monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.01)
    return bus


@pytest.fixture
async def manager(bus: HidBus) -> AsyncIterator[HidManager]:
    manager = HidManager(PAIRS)
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
def device(bus: HidBus) -> HidDevice:
    return bus.add(joycon())


@pytest.fixture
async def discovery(device: HidDevice, findings: Findings) -> Discovery:
    return await findings.one()


@pytest.fixture
async def hardware(discovery: Discovery) -> Hardware:
    return await discovery.connect([SPECIFIER])


def test_on_windows_the_collections_of_one_interface_are_one_device() -> None:
    paths = [
        r"\\?\HID#VID_057E&PID_2009&Col01#7&2a1c3d4&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}",
        r"\\?\HID#VID_057E&PID_2009&Col02#7&2a1c3d4&0&0001#{4d1e55b2-f16f-11cf-88cb-001111000030}",
        r"\\?\HID#VID_057E&PID_2009&Col01#7&5e6f708&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}",
    ]
    entries = [HidEntry(path.encode(), PRO.vendor_id, PRO.product_id, "98b6e9") for path in paths]
    assert [entry.address for entry in HidAddresses().unique(entries)] == ["98b6e9", entries[2].address_by_place]


class TestScanning:
    async def test_only_configured_devices_are_offered(self, bus: HidBus, findings: Findings) -> None:
        bus.add(joycon(UsbId(0x057E, 0x3000), serial="other product"))
        bus.add(joycon(UsbId(0x1234, 0x2006), serial="other vendor"))
        bus.add(joycon(PRO, path="/dev/hidraw1", serial="pro"))
        bus.add(joycon())
        await until(lambda: len(findings.latest) == 2)
        await asyncio.sleep(0.03)
        assert {discovery.advertisement for discovery in findings.latest.values()} == {
            HidAdvertisement(0x057E, 0x2006),
            HidAdvertisement(0x057E, 0x2009),
        }
        assert findings.latest["98b6e9"].name == "Joy-Con (L)"

    async def test_what_is_plugged_in_during_a_scan_is_found(self, bus: HidBus, findings: Findings) -> None:
        await until(lambda: bus.listed > 2)
        assert not findings.latest
        bus.add(joycon())
        await findings.one()

    async def test_nothing_is_listed_after_the_scan_and_a_second_start_changes_nothing(
        self, bus: HidBus, device: HidDevice, findings: Findings, manager: HidManager
    ) -> None:
        await manager.start_scanning()
        await findings.one()
        assert manager.scanning
        await manager.stop_scanning()
        await manager.stop_scanning()
        assert not manager.scanning
        await asyncio.sleep(0.02)
        listed = bus.listed
        await asyncio.sleep(0.05)
        assert bus.listed == listed

    async def test_usages_of_one_interface_are_one_device_and_interfaces_are_several(
        self, bus: HidBus, findings: Findings
    ) -> None:
        bus.add(joycon(usages=3, interface=0))
        bus.add(joycon(usages=2, interface=1, path="/dev/hidraw1"))
        await until(lambda: len(findings.latest) == 2)
        await asyncio.sleep(0.03)
        assert findings.count == 2
        assert set(findings.latest) == {"98b6e9", "98b6e9-1"}

    async def test_two_devices_with_one_serial_number_are_two_devices(
        self,
        bus: HidBus,
        findings: Findings,
        manager: HidManager,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = bus.add(joycon(PRO, path="/dev/hidraw5"))
        hardware = await (await findings.one()).connect([SPECIFIER])
        assert hardware.address == "98b6e9"
        second = bus.add(joycon(PRO, path="/dev/hidraw1", usages=2))
        await until(lambda: len(findings.latest) == 2)
        (address,) = findings.latest.keys() - {"98b6e9"}
        other = await findings.latest[address].connect([SPECIFIER])
        assert other.address == address
        await other.write(Packet(b"\x10"))
        assert (len(first.device.packets), len(second.device.packets)) == (0, 1)
        assert caplog.text.count("has the serial number of another device") == 1
        # The first one goes and comes back, and then the second: neither takes the other's place.
        reasons = losses(hardware), losses(other)
        first.unplug()
        await until(lambda: reasons[0])
        await gone_from(manager, monkeypatch)
        findings.latest.clear()
        first.plug_in("/dev/hidraw7")
        assert (await findings.one()).address == "98b6e9"
        first.unplug()
        second.unplug()
        await until(lambda: reasons[1])
        await gone_from(manager, monkeypatch)
        findings.latest.clear()
        second.plug_in()
        assert (await findings.one()).address == address

    async def test_without_a_serial_number_the_address_tells_devices_apart_and_stays(
        self, bus: HidBus, findings: Findings, manager: HidManager
    ) -> None:
        bus.add(joycon(serial=""))
        bus.add(joycon(serial="  ", path="/dev/hidraw1"))
        bus.add(joycon(PRO, serial=""))
        await until(lambda: len(findings.latest) == 3)
        again = Findings(manager)
        await manager.stop_scanning()
        await manager.start_scanning()
        await until(lambda: len(again.latest) == 3)
        assert again.latest.keys() == findings.latest.keys()
        assert all("hid-057e-200" in address for address in findings.latest)

    async def test_a_list_that_cannot_be_read_is_told_once_and_the_scan_goes_on(
        self, bus: HidBus, device: HidDevice, manager: HidManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        bus.list_error = OSError("no udev")
        findings = Findings(manager)
        with pytest.raises(BusUnavailableError, match="The HID devices cannot be listed: no udev"):
            await manager.start_scanning()
        await until(lambda: bus.listed > 3)
        bus.list_error = None
        await findings.one()
        assert not caplog.records

    async def test_a_list_that_never_ends_holds_nothing_up(
        self, bus: HidBus, manager: HidManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listing, "LIST_LIMIT", 0.05)
        never = threading.Event()
        monkeypatch.setattr(bus, "enumerate", lambda vendor, product: never.wait())
        with pytest.raises(BusUnavailableError, match="could not be listed within"):
            await manager.start_scanning()
        await manager.close()
        never.set()

    async def test_the_library_is_never_listing_on_two_threads_at_once(
        self, bus: HidBus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listing = 0

        def enumerate_(vendor: int, product: int) -> list[dict[str, object]]:
            nonlocal listing
            listing += 1
            time.sleep(0.005)
            overlapping, listing = listing, listing - 1
            assert overlapping == 1
            return []

        monkeypatch.setattr(bus, "enumerate", enumerate_)
        reports = await asyncio.gather(*(HidManager(PAIRS).check() for _ in range(4)))
        assert all(report.ok for report in reports)


class TestOpening:
    async def test_the_specifier_that_names_the_device_is_used(self, discovery: Discovery) -> None:
        hardware = await discovery.connect([SerialSpecifier("x", 1), HidSpecifier((PRO,)), SPECIFIER])
        assert hardware.specifier is SPECIFIER
        assert (hardware.name, hardware.address) == ("Joy-Con (L)", "98b6e9")
        assert hardware.endpoints == {"tx", "rx"}
        assert hardware.message_gap == 0

    async def test_without_a_specifier_that_names_it_nothing_is_opened(self, device: HidDevice, discovery: Discovery) -> None:
        with pytest.raises(HardwareError, match="no specifier of a protocol names it"):
            await discovery.connect([HidSpecifier((PRO,))])
        assert device.handles == 0

    async def test_a_refusal_names_the_node_and_the_rule_to_add(self, device: HidDevice, discovery: Discovery) -> None:
        device.open_error = "Permission denied"
        with pytest.raises(HardwarePermissionError) as caught:
            await discovery.connect([SPECIFIER])
        assert "/dev/hidraw0" in caught.value.message
        assert RULE in caught.value.message
        assert "/etc/udev/rules.d/70-buttplug.rules" in caught.value.message

    @pytest.mark.parametrize(
        ("platform", "reason", "remedy"),
        [("win32", "Access is denied.", "close the other programs"), ("darwin", "not permitted", "Input Monitoring")],
    )
    async def test_a_refusal_where_there_are_no_nodes_says_what_to_do(
        self, bus: HidBus, findings: Findings, monkeypatch: pytest.MonkeyPatch, platform: str, reason: str, remedy: str
    ) -> None:
        bus.add(joycon(path=r"\\?\HID#VID_057E")).open_error = reason
        discovery = await findings.one()
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(HardwarePermissionError, match=remedy):
            await discovery.connect([SPECIFIER])

    async def test_a_device_gone_between_scan_and_opening_is_told(self, device: HidDevice, discovery: Discovery) -> None:
        device.unplug()
        with pytest.raises(HardwareDisconnectedError, match=r"Joy-Con \(L\) is gone"):
            await discovery.connect([SPECIFIER])

    async def test_any_other_failure_is_told_with_the_librarys_words(self, device: HidDevice, discovery: Discovery) -> None:
        device.open_error = "Too many open files"
        with pytest.raises(HardwareError, match=r"Joy-Con \(L\) could not be opened: .*Too many open files"):
            await discovery.connect([SPECIFIER])

    async def test_an_opening_that_hangs_is_given_up_and_closed_when_it_ends(
        self, device: HidDevice, discovery: Discovery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "OPEN_LIMIT", 0.05)
        device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError, match=r"Joy-Con \(L\) did not open within"):
            await discovery.connect([SPECIFIER])
        device.hang.set()
        await until(lambda: not any("Joy-Con" in thread.name for thread in threading.enumerate()))
        assert device.handles == 0

    async def test_an_opening_that_is_cancelled_leaves_nothing_open(self, device: HidDevice, discovery: Discovery) -> None:
        device.hang = threading.Event()
        connecting = asyncio.ensure_future(discovery.connect([SPECIFIER]))
        await asyncio.sleep(0.05)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        device.hang.set()
        await until(lambda: not any("Joy-Con" in thread.name for thread in threading.enumerate()))
        assert device.handles == 0

    async def test_nothing_opens_once_the_bus_is_closed(self, discovery: Discovery, manager: HidManager) -> None:
        await manager.close()
        with pytest.raises(HardwareDisconnectedError):
            await discovery.connect([SPECIFIER])


class TestTraffic:
    async def test_reports_arrive_whole_in_order_and_off_the_event_loop(self, device: HidDevice, hardware: Hardware) -> None:
        reports = [bytes([0x10, number]).ljust(64, b"\x00") for number in range(100)]
        for report in reports:
            await hardware.write(Packet(report))
        assert [packet.data for packet in device.device.packets] == reports
        assert threading.current_thread().name not in device.threads

    async def test_input_reports_are_notified_on_rx(self, device: HidDevice, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        with hardware.listen() as listener:
            device.send(b"\x3f\x00\x00")
            device.send(bytes(range(256)))
            assert await listener.next(2) == Notification("rx", b"\x3f\x00\x00")
            assert (await listener.next(2)).data == bytes(range(256))
        await hardware.unsubscribe("rx")

    async def test_a_report_taken_in_part_is_an_error_and_the_device_stays(
        self, device: HidDevice, hardware: Hardware
    ) -> None:
        device.takes = 8
        with pytest.raises(HardwareError, match="took 8 of the 64 bytes"):
            await hardware.write(Packet(bytes(64)))
        device.takes = 64
        await hardware.write(Packet(bytes(64)))
        assert hardware.connected

    @pytest.mark.parametrize("endpoint", ["rx", "generic0"])
    async def test_only_tx_is_written(self, device: HidDevice, hardware: Hardware, endpoint: str) -> None:
        with pytest.raises(HardwareError, match=endpoint):
            await hardware.write(Packet(b"\x00", endpoint))
        assert not device.device.packets

    async def test_a_report_every_15_ms_is_kept_up(self, device: HidDevice, hardware: Hardware) -> None:
        for _ in range(20):
            started = time.monotonic()
            await hardware.write(Packet(bytes(64)))
            await asyncio.sleep(0.015 - (time.monotonic() - started))
        assert len(device.device.packets) == 20


class TestDevicesThatFail:
    async def test_unplugged_while_idle_is_lost_once_and_closed(self, device: HidDevice, hardware: Hardware) -> None:
        reasons = losses(hardware)
        device.unplug()
        await until(lambda: reasons)
        await until(lambda: device.handles == 0)
        assert len(reasons) == 1
        assert "unplugged" in reasons[0]
        with pytest.raises(HardwareDisconnectedError):
            await hardware.write(Packet(b"\x00"))

    async def test_unplugged_in_the_middle_of_a_write_fails_the_write_and_is_lost_once(
        self, device: HidDevice, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        device.hang = threading.Event()
        writing = asyncio.create_task(hardware.write(Packet(bytes(64))))
        await asyncio.sleep(0.02)
        device.plugged_in = False
        device.hang.set()
        with pytest.raises(HardwareDisconnectedError, match=r"Joy-Con \(L\) was lost while writing: No such device"):
            await writing
        await until(lambda: device.handles == 0)
        await asyncio.sleep(0.02)
        assert len(reasons) == 1
        assert not device.device.packets

    async def test_a_write_that_never_ends_is_bounded_told_and_hurts_nobody_else(
        self, bus: HidBus, device: HidDevice, hardware: Hardware, findings: Findings
    ) -> None:
        other_device = bus.add(joycon(PRO, path="/dev/hidraw1", serial="pro"))
        await until(lambda: "pro" in findings.latest)
        other = await findings.latest["pro"].connect([SPECIFIER])
        reasons = losses(hardware)
        device.hang = threading.Event()
        started = time.monotonic()
        stuck = asyncio.create_task(hardware.write(Packet(b"\x01")))
        waiting = asyncio.create_task(hardware.write(Packet(b"\x02")))
        assert await writes_meanwhile(stuck, other, Packet(b"\x03")) > 5
        with pytest.raises(HardwareTimeoutError, match="took nothing for 1 s"):
            await stuck
        with pytest.raises(HardwareTimeoutError):
            await waiting
        assert 0.9 < time.monotonic() - started < 5
        assert len(reasons) == 1
        assert other.connected
        assert len(other_device.device.packets) > 5
        device.hang.set()
        await until(lambda: device.handles == 0)
        assert [packet.data for packet in device.device.packets] == [b"\x01"]

    async def test_it_is_not_offered_again_before_a_write_that_hangs_has_ended(
        self, bus: HidBus, device: HidDevice, hardware: Hardware, findings: Findings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 0.05)
        device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError):
            await hardware.write(Packet(b"\x01"))
        offered, listed = findings.count, bus.listed
        await until(lambda: bus.listed > listed + 10)
        assert findings.count == offered
        device.hang.set()
        await until(lambda: findings.count > offered)
        assert [packet.data for packet in device.device.packets] == [b"\x01"], "before anything a new link may send"

    async def test_any_failure_of_reading_is_the_end_of_the_link(
        self, device: HidDevice, hardware: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(handle: HidHandle, max_length: int, timeout_ms: int) -> list[int]:
            raise ValueError("not open")

        monkeypatch.setattr(HidHandle, "read", fail)
        reasons = losses(hardware)
        await until(lambda: reasons)
        assert "not open" in reasons[0]
        await until(lambda: device.handles == 0)

    async def test_a_device_that_hangs_does_not_hold_up_the_closing(
        self,
        device: HidDevice,
        hardware: Hardware,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 0.02)
        monkeypatch.setattr(blocking, "CLOSE_LIMIT", 0.05)
        device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError):
            await hardware.write(Packet(b"\x00"))
        await hardware.disconnect()
        assert "Joy-Con (L) did not close within" in caplog.text
        device.hang.set()

    async def test_plugged_in_again_it_is_found_at_its_address_without_a_scan_and_works(
        self,
        device: HidDevice,
        hardware: Hardware,
        findings: Findings,
        manager: HidManager,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await manager.stop_scanning()
        reasons = losses(hardware)
        device.unplug()
        await until(lambda: reasons)
        await gone_from(manager, monkeypatch)
        findings.latest.clear()
        device.plug_in("/dev/hidraw7")
        back = await (await findings.one()).connect([SPECIFIER])
        assert back.address == hardware.address
        await back.write(Packet(b"\x00\x01"))
        assert device.device.packets[-1].data == b"\x00\x01"


class TestClosing:
    async def test_disconnecting_lets_writes_end_frees_the_device_and_tells_once(
        self, device: HidDevice, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        stop = asyncio.create_task(hardware.write(Packet(b"\x10\x00")))
        await asyncio.sleep(0)
        await hardware.disconnect()
        await stop
        assert device.device.packets[-1].data == b"\x10\x00"
        assert device.handles == 0
        await hardware.disconnect()
        assert reasons == ["the server closed it"]

    async def test_closing_the_bus_closes_its_devices(
        self, device: HidDevice, hardware: Hardware, manager: HidManager
    ) -> None:
        await manager.close()
        await manager.close()
        assert device.handles == 0
        assert not hardware.connected
        assert not manager.scanning


def rumble(motor: str) -> Packet:
    return Packet((b"\x10\x01" + bytes.fromhex(motor) * 2).ljust(64, b"\x00"))


#: No rumble, which is repeated all the time.
STILL = rumble("00 01 40 40")


class TestAServer:
    async def test_a_joycon_lives_a_whole_life(self, bus: HidBus) -> None:
        simulated = SimulatedDevice("Joy-Con (L)", HidAdvertisement(0x057E, 0x2006), address="unused")
        device = HidDevice(simulated, 0x057E, 0x2006, serial="98b6e9")
        device.unplug()
        bus.add(device)

        def hang() -> None:
            device.hang = threading.Event()

        def unplug() -> None:
            device.unplug()
            assert device.hang is not None
            device.hang.set()
            device.hang = None

        vibrate = partial(DeviceOutputCommand, OutputType.VIBRATE)
        switched_on = Packet(bytes((0x01, *bytes(9), 0x48, 0x01)).ljust(64, b"\x00"))
        story = Story(
            name="Nintendo Joycon",
            hand_shake=[switched_on, STILL],
            outputs=[
                Driven(0, vibrate(1000), [rumble("A8 C8 4A 72")]),
                Driven(0, vibrate(500), [rumble("A8 88 4A 62")]),
                Driven(0, vibrate(0), [STILL]),
                Driven(0, vibrate(0.2), [rumble("A8 38 4A 4E")]),
            ],
            halted=[STILL],
            returned=[switched_on, STILL],
            driven_again=[rumble("A8 C8 4A 72")],
            halted_again=[STILL],
        )
        await tell(story, Stage(HidManager(PAIRS), simulated, hold=hang, unplug=unplug, plug_in=device.plug_in))
        assert device.handles == 0

    async def test_a_joycon_is_told_every_15_ms_what_it_has_to_do(self, bus: HidBus) -> None:
        device = bus.add(joycon())
        times: list[float] = []
        device.device.on_packet = lambda packet: times.append(time.monotonic())
        async with served(HidManager(PAIRS)) as client:
            await client.devices[0].vibrate(1.0)
            times.clear()
            # A busy machine may be late now and then.
            await until(lambda: len(times) >= 21, 2.0)
        assert times[20] - times[0] > 0.2


class TestTheBus:
    async def test_a_missing_library_disables_the_bus_and_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("hid", "hidraw"):
            monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(BusUnavailableError, match="pip install hidapi"):
            await HidManager(PAIRS).open()
        report = await HidManager(PAIRS).check()
        assert not report.ok
        assert "pip install hidapi" in str(report.remedy)

    async def test_another_library_of_the_same_name_is_told_as_such(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "hidraw", None)
        monkeypatch.setitem(sys.modules, "hid", SimpleNamespace(Device=object))
        with pytest.raises(BusUnavailableError, match="pip uninstall hid "):
            await HidManager(PAIRS).open()

    @pytest.mark.parametrize(("platform", "module"), [("linux", "hidraw"), ("win32", "hid"), ("darwin", "hid")])
    def test_linux_shares_devices_with_the_kernel(self, monkeypatch: pytest.MonkeyPatch, platform: str, module: str) -> None:
        devices = {name: object() for name in ("hid", "hidraw")}
        for name in devices:
            monkeypatch.setitem(sys.modules, name, SimpleNamespace(device=partial(devices.get, name)))
        monkeypatch.setattr(sys, "platform", platform)
        assert hidapi().device() is devices[module]

    async def test_a_check_tells_what_is_there(self, bus: HidBus) -> None:
        assert (await HidManager(PAIRS).check()).summary == "no devices"
        bus.add(joycon(path="not-a-node"))
        report = await HidManager(PAIRS).check()
        assert (report.ok, report.summary) == (True, "Joy-Con (L)")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nodes")
    async def test_a_check_names_the_node_that_may_not_be_opened_and_the_rule(
        self, bus: HidBus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        node = tmp_path / "hidraw0"
        node.touch(0o600)
        bus.add(joycon(path=str(node)))
        assert (await HidManager(PAIRS).check()).ok
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        report = await HidManager(PAIRS).check()
        assert not report.ok
        assert f"{node} (owner " in report.summary
        assert "mode 0600" in report.summary
        assert RULE in str(report.remedy)

    async def test_a_check_that_cannot_list_says_so(self, bus: HidBus) -> None:
        bus.list_error = OSError("no udev")
        report = await HidManager(PAIRS).check()
        assert not report.ok
        assert "no udev" in str(report.remedy)
