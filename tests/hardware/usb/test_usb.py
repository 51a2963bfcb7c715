"""Raw USB devices: the real code and the real pyusb on a fake backend."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from buttplug.client import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.common import blocking, polling
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.usb import UsbAdvertisement, UsbManager, UsbSpecifier
from tests.fakes.usb_backend import (
    BULK_IN,
    BULK_OUT,
    INTERRUPT_IN,
    INTERRUPT_OUT,
    ISOCHRONOUS_IN,
    Pipe,
    UsbBackend,
    UsbDevice,
)
from tests.hardware.helpers import Findings, gone_from, losses, until, writes_meanwhile
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]

TRANCE = UsbId(0x0B49, 0x064F)
SPECIFIER = UsbSpecifier((TRANCE,))
ADDRESS = "usb-0b49-064f-1-1.4"
NAME = "USB device 0b49:064f"
RULE = 'SUBSYSTEM=="usb", ATTR{idVendor}=="0b49", ATTR{idProduct}=="064f", TAG+="uaccess"'

HALF = bytes((0x43, 0x01, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00))
STOP = bytes((0x43, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00))


def trance(pair: UsbId = TRANCE, **settings: object) -> UsbDevice:
    device = SimulatedDevice("Trance Vibrator", UsbAdvertisement(pair.vendor_id, pair.product_id), address="unused")
    return UsbDevice(device, pair.vendor_id, pair.product_id, **settings)  # type: ignore[arg-type]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> UsbBackend:
    backend = UsbBackend()
    backend.install(monkeypatch)
    monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.01)
    return backend


@pytest.fixture
async def manager(backend: UsbBackend) -> AsyncIterator[UsbManager]:
    manager = UsbManager([TRANCE])
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
def device(backend: UsbBackend) -> UsbDevice:
    return backend.add(trance())


@pytest.fixture
async def discovery(device: UsbDevice, findings: Findings) -> Discovery:
    return await findings.one()


@pytest.fixture
async def hardware(discovery: Discovery) -> Hardware:
    return await discovery.connect([SPECIFIER])


def control(packet: bytes) -> Packet:
    return Packet(packet, "txvendorcontrol")


class TestScanning:
    async def test_only_configured_devices_are_offered_and_none_is_opened(
        self, backend: UsbBackend, findings: Findings
    ) -> None:
        backend.add(trance(UsbId(0x0B49, 1), address=6))
        device = backend.add(trance())
        await until(lambda: findings.latest)
        await asyncio.sleep(0.03)
        assert list(findings.latest) == [ADDRESS]
        assert findings.latest[ADDRESS].advertisement == UsbAdvertisement(0x0B49, 0x064F)
        assert device.handles == 0

    async def test_the_address_is_that_of_the_port(self, backend: UsbBackend, findings: Findings) -> None:
        backend.add(trance(address=7, ports=(1, 4)))
        backend.add(trance(address=8, ports=(2,)))
        backend.add(trance(address=9, ports=None))
        await until(lambda: len(findings.latest) == 3)
        assert set(findings.latest) == {ADDRESS, "usb-0b49-064f-1-2", "usb-0b49-064f-1-9"}

    async def test_what_is_plugged_in_during_a_scan_is_found(self, backend: UsbBackend, findings: Findings) -> None:
        await asyncio.sleep(0.03)
        assert not findings.latest
        backend.add(trance())
        await findings.one()

    async def test_nothing_is_offered_after_the_scan_and_a_second_scan_looks_at_once(
        self, device: UsbDevice, findings: Findings, manager: UsbManager
    ) -> None:
        await manager.start_scanning()
        await findings.one()
        assert manager.scanning
        await manager.stop_scanning()
        await manager.stop_scanning()
        assert not manager.scanning
        count = findings.count
        await asyncio.sleep(0.05)
        assert findings.count == count
        manager._poll.interval = 60.0
        await manager.start_scanning()
        await until(lambda: findings.count > count)

    async def test_a_list_that_cannot_be_read_is_told_once_and_the_scan_goes_on(
        self, backend: UsbBackend, findings: Findings, caplog: pytest.LogCaptureFixture
    ) -> None:
        backend.list_error = errno.ENOMEM
        backend.add(trance())
        await until(lambda: caplog.records)
        await asyncio.sleep(0.05)
        backend.list_error = None
        await findings.one()
        assert len(caplog.records) == 1
        assert "The USB devices cannot be listed" in caplog.text


class TestOpening:
    async def test_the_specifier_that_names_the_device_is_used(self, discovery: Discovery) -> None:
        hardware = await discovery.connect([HidSpecifier((TRANCE,)), UsbSpecifier((UsbId(1, 2),)), SPECIFIER])
        assert hardware.specifier is SPECIFIER
        assert (hardware.name, hardware.address) == (NAME, ADDRESS)

    async def test_without_a_specifier_that_names_it_nothing_is_opened(self, device: UsbDevice, discovery: Discovery) -> None:
        with pytest.raises(HardwareError, match="no specifier of a protocol names it"):
            await discovery.connect([UsbSpecifier((UsbId(1, 2),))])
        assert device.handles == 0

    @pytest.mark.parametrize(
        ("pipes", "endpoints"),
        [
            ([], set()),
            ([BULK_OUT], {"tx"}),
            ([INTERRUPT_IN], {"rx"}),
            ([INTERRUPT_OUT, BULK_OUT, INTERRUPT_IN, BULK_IN], {"tx", "rx"}),
            ([ISOCHRONOUS_IN], set()),
        ],
    )
    async def test_pipes_become_endpoints(
        self, device: UsbDevice, discovery: Discovery, pipes: list[Pipe], endpoints: set[str]
    ) -> None:
        device.pipes = pipes
        hardware = await discovery.connect([SPECIFIER])
        assert hardware.endpoints == {"txvendorcontrol", *endpoints}
        assert device.claimed == ({0} if endpoints else set())

    @pytest.mark.parametrize("driver", [True, False, None])
    async def test_the_kernels_driver_is_detached_for_pipes_and_given_back(
        self, device: UsbDevice, discovery: Discovery, driver: bool | None
    ) -> None:
        device.pipes = [BULK_OUT]
        device.kernel_driver = driver
        hardware = await discovery.connect([SPECIFIER])
        assert not device.kernel_driver
        assert device.claimed == {0}
        await hardware.disconnect()
        assert device.kernel_driver is driver
        assert not device.claimed
        assert device.handles == 0

    async def test_the_kernels_driver_stays_where_only_control_transfers_are_made(
        self, device: UsbDevice, discovery: Discovery
    ) -> None:
        device.kernel_driver = True
        hardware = await discovery.connect([SPECIFIER])
        await hardware.write(control(HALF))
        assert device.kernel_driver
        assert not device.claimed

    @pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
    async def test_a_refusal_names_the_node_and_the_rule_to_add(
        self, device: UsbDevice, discovery: Discovery, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        device.open_error = number
        monkeypatch.setattr(sys, "platform", "linux")
        with pytest.raises(HardwarePermissionError) as caught:
            await discovery.connect([SPECIFIER])
        assert "/dev/bus/usb/001/005" in caught.value.message
        assert RULE in caught.value.message
        monkeypatch.setattr(sys, "platform", "darwin")
        with pytest.raises(HardwarePermissionError, match="close the other programs"):
            await discovery.connect([SPECIFIER])

    @pytest.mark.parametrize(
        ("failure", "error", "message"),
        [
            (errno.EBUSY, HardwareError, "is in use"),
            (errno.ENODEV, HardwareDisconnectedError, "is gone"),
            (errno.ENOENT, HardwareDisconnectedError, "is gone"),
            (errno.ENOMEM, HardwareError, "could not be opened"),
            (NotImplementedError, HardwareError, "WinUSB"),
        ],
    )
    async def test_what_the_system_refuses_is_explained(
        self,
        device: UsbDevice,
        discovery: Discovery,
        failure: int | type[NotImplementedError],
        error: type[HardwareError],
        message: str,
    ) -> None:
        device.open_error = failure
        with pytest.raises(error, match=f"{NAME} .*{message}") as caught:
            await discovery.connect([SPECIFIER])
        assert type(caught.value) is error
        assert device.handles == 0

    async def test_a_device_gone_between_scan_and_opening_is_told(self, device: UsbDevice, discovery: Discovery) -> None:
        device.plugged_in = False
        with pytest.raises(HardwareDisconnectedError, match="is gone"):
            await discovery.connect([SPECIFIER])

    async def test_an_opening_that_hangs_is_given_up_and_closed_when_it_ends(
        self, device: UsbDevice, discovery: Discovery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "OPEN_LIMIT", 0.05)
        device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError, match="did not open within"):
            await discovery.connect([SPECIFIER])
        device.hang.set()
        await until(lambda: not any(NAME in thread.name for thread in threading.enumerate()))
        assert device.handles == 0

    async def test_nothing_opens_once_the_bus_is_closed(self, discovery: Discovery, manager: UsbManager) -> None:
        await manager.close()
        with pytest.raises(HardwareDisconnectedError):
            await discovery.connect([SPECIFIER])


class TestTraffic:
    @pytest.mark.parametrize(
        "packet", [STOP, HALF, bytes((0x43, 0x01, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00)), b"\x40\x09\x34\x12\x78\x56\x02\x00ab"]
    )
    async def test_a_control_transfer_reaches_the_device_as_given(
        self, device: UsbDevice, hardware: Hardware, packet: bytes
    ) -> None:
        await hardware.write(control(packet))
        assert list(device.device.packets) == [control(packet)]

    @pytest.mark.parametrize(
        ("packet", "message"),
        [
            (b"", "needs 8 bytes"),
            (HALF[:7], "needs 8 bytes"),
            (HALF + b"x", "announces 0 bytes and has 1"),
            (b"\x40\x01\x00\x00\x00\x00\x02\x00a", "announces 2 bytes and has 1"),
            (b"\xc3\x01\x00\x00\x00\x00\x08\x00", "read are not supported"),
        ],
    )
    async def test_a_control_transfer_that_makes_no_sense_is_refused(
        self, device: UsbDevice, hardware: Hardware, packet: bytes, message: str
    ) -> None:
        with pytest.raises(HardwareError, match=message):
            await hardware.write(control(packet))
        assert not device.device.packets
        assert hardware.connected

    @pytest.mark.parametrize("pipes", [[BULK_OUT, BULK_IN], [INTERRUPT_OUT, INTERRUPT_IN]])
    async def test_pipes_carry_bytes_both_ways(self, device: UsbDevice, discovery: Discovery, pipes: list[Pipe]) -> None:
        device.pipes = pipes
        hardware = await discovery.connect([SPECIFIER])
        await hardware.write(Packet(b"one"))
        await hardware.write(Packet(b"two"))
        assert [packet.data for packet in device.device.packets] == [b"one", b"two"]
        await hardware.subscribe("rx")
        with hardware.listen() as listener:
            device.send(b"\x01\x02")
            assert await listener.next(2) == Notification("rx", b"\x01\x02")

    @pytest.mark.parametrize("endpoint", ["tx", "rx", "generic0"])
    async def test_an_endpoint_that_the_device_lacks_is_refused(self, hardware: Hardware, endpoint: str) -> None:
        with pytest.raises(HardwareError, match=f"has no endpoint {endpoint}"):
            await hardware.write(Packet(b"x", endpoint))

    async def test_rx_is_not_written(self, device: UsbDevice, discovery: Discovery) -> None:
        device.pipes = [BULK_IN]
        hardware = await discovery.connect([SPECIFIER])
        with pytest.raises(HardwareError, match="rx cannot be written"):
            await hardware.write(Packet(b"x", "rx"))

    async def test_bytes_taken_in_part_are_an_error(self, device: UsbDevice, discovery: Discovery) -> None:
        device.pipes = [BULK_OUT]
        hardware = await discovery.connect([SPECIFIER])
        device.takes = 2
        with pytest.raises(HardwareError, match="took 2 of 3 bytes"):
            await hardware.write(Packet(b"abc"))
        assert hardware.connected


class TestDevicesThatFail:
    async def test_unplugged_while_idle_is_lost_once_without_a_scan(
        self, device: UsbDevice, hardware: Hardware, manager: UsbManager
    ) -> None:
        await manager.stop_scanning()
        reasons = losses(hardware)
        device.plugged_in = False
        await until(lambda: reasons)
        await asyncio.sleep(0.03)
        assert reasons == ["it was unplugged"]
        await until(lambda: device.handles == 0)

    async def test_unplugged_while_reading_is_lost_once(self, device: UsbDevice, discovery: Discovery) -> None:
        device.pipes = [BULK_IN]
        hardware = await discovery.connect([SPECIFIER])
        reasons = losses(hardware)
        device.transfer_error = errno.EIO
        await until(lambda: reasons)
        await until(lambda: device.handles == 0)
        assert len(reasons) == 1
        assert "unplugged" in reasons[0]

    @pytest.mark.parametrize("number", [errno.ENODEV, errno.ENOENT, errno.EIO])
    async def test_a_write_that_finds_it_gone_fails_and_loses_it_once(
        self, device: UsbDevice, hardware: Hardware, number: int
    ) -> None:
        reasons = losses(hardware)
        device.transfer_error = number
        with pytest.raises(HardwareDisconnectedError, match="was lost while writing"):
            await hardware.write(control(HALF))
        with pytest.raises(HardwareDisconnectedError):
            await hardware.write(control(STOP))
        assert len(reasons) == 1

    async def test_unplugged_in_the_middle_of_a_write_fails_the_write_and_is_lost_once(
        self, device: UsbDevice, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        device.hang = threading.Event()
        writing = asyncio.create_task(hardware.write(control(HALF)))
        await asyncio.sleep(0.02)
        device.plugged_in = False
        await until(lambda: reasons)
        device.hang.set()
        with pytest.raises(HardwareDisconnectedError):
            await writing
        await until(lambda: device.handles == 0)
        assert len(reasons) == 1
        assert not device.device.packets

    @pytest.mark.parametrize(("number", "error"), [(errno.EPIPE, HardwareError), (errno.ETIMEDOUT, HardwareTimeoutError)])
    async def test_any_other_transfer_error_is_told_and_the_device_stays(
        self, device: UsbDevice, hardware: Hardware, number: int, error: type[HardwareError]
    ) -> None:
        device.transfer_error = number
        with pytest.raises(error) as caught:
            await hardware.write(control(HALF))
        assert type(caught.value) is error
        assert NAME in caught.value.message
        device.transfer_error = None
        await hardware.write(control(STOP))
        assert hardware.connected

    async def test_a_write_that_never_ends_is_bounded_told_and_hurts_nobody_else(
        self, backend: UsbBackend, device: UsbDevice, hardware: Hardware, findings: Findings
    ) -> None:
        backend.add(trance(address=6, ports=(9,)))
        await until(lambda: "usb-0b49-064f-1-9" in findings.latest)
        other = await findings.latest["usb-0b49-064f-1-9"].connect([SPECIFIER])
        reasons = losses(hardware)
        device.hang = threading.Event()
        started = time.monotonic()
        stuck = asyncio.create_task(hardware.write(control(HALF)))
        assert await writes_meanwhile(stuck, other, control(HALF)) > 5
        with pytest.raises(HardwareTimeoutError, match="took nothing for 1 s"):
            await stuck
        assert 0.9 < time.monotonic() - started < 5
        assert len(reasons) == 1
        assert other.connected
        device.hang.set()

    async def test_plugged_in_again_it_is_found_at_its_address_without_a_scan_and_works(
        self,
        device: UsbDevice,
        hardware: Hardware,
        findings: Findings,
        manager: UsbManager,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await manager.stop_scanning()
        reasons = losses(hardware)
        device.plugged_in = False
        await until(lambda: reasons)
        await gone_from(manager, monkeypatch)
        findings.latest.clear()
        device.address += 1
        device.plugged_in = True
        back = await (await findings.one()).connect([SPECIFIER])
        assert back.address == hardware.address
        await back.write(control(HALF))
        assert device.device.packets[-1] == control(HALF)


class TestClosing:
    async def test_disconnecting_lets_writes_end_frees_the_device_and_tells_once(
        self, device: UsbDevice, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        stop = asyncio.create_task(hardware.write(control(STOP)))
        await asyncio.sleep(0)
        await hardware.disconnect()
        await stop
        assert device.device.packets[-1] == control(STOP)
        assert device.handles == 0
        await hardware.disconnect()
        assert reasons == ["the server closed it"]

    async def test_closing_the_bus_closes_its_devices(
        self, device: UsbDevice, hardware: Hardware, manager: UsbManager
    ) -> None:
        await manager.close()
        await manager.close()
        assert device.handles == 0
        assert not hardware.connected
        assert not manager.scanning


class TestAServer:
    async def test_a_trance_vibrator_lives_a_whole_life(self, backend: UsbBackend) -> None:
        device = backend.add(trance(kernel_driver=True))
        device.plugged_in = False

        def hang() -> None:
            device.hang = threading.Event()

        def unplug() -> None:
            device.plugged_in = False
            assert device.hang is not None
            device.hang.set()
            device.hang = None

        def plug_in() -> None:
            device.address += 1
            device.plugged_in = True

        vibrate = partial(DeviceOutputCommand, OutputType.VIBRATE)
        story = Story(
            name="Rez TranceVibrator",
            hand_shake=[],
            outputs=[
                Driven(0, vibrate(128), [control(HALF)]),
                Driven(0, vibrate(1.0), [control(bytes((0x43, 0x01, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00)))]),
                Driven(0, vibrate(0), [control(STOP)]),
                Driven(0, vibrate(1), [control(bytes((0x43, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00)))]),
            ],
            halted=[control(STOP)],
            returned=[control(STOP)],
            driven_again=[control(HALF)],
            halted_again=[control(STOP)],
        )
        await tell(story, Stage(UsbManager([TRANCE]), device.device, hold=hang, unplug=unplug, plug_in=plug_in))
        assert device.handles == 0


class TestTheBus:
    async def test_a_missing_library_disables_the_bus_and_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "usb.core", None)
        with pytest.raises(BusUnavailableError, match="pip install pyusb"):
            await UsbManager([TRANCE]).open()
        report = await UsbManager([TRANCE]).check()
        assert not report.ok
        assert "pip install pyusb" in str(report.remedy)

    @pytest.mark.parametrize(
        ("platform", "remedy"), [("linux", "libusb-1.0-0"), ("darwin", "brew install libusb"), ("win32", "libusb-1.0.dll")]
    )
    async def test_without_libusb_the_bus_is_disabled_and_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, platform: str, remedy: str
    ) -> None:
        for backend in ("libusb1", "libusb0", "openusb"):
            monkeypatch.setattr(f"usb.backend.{backend}.get_backend", lambda: None)
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(BusUnavailableError, match=remedy):
            await UsbManager([TRANCE]).open()
        assert remedy in str((await UsbManager([TRANCE]).check()).remedy)

    async def test_a_check_tells_what_is_there(self, backend: UsbBackend) -> None:
        assert (await UsbManager([TRANCE]).check()).summary == "no devices"
        backend.add(trance())
        report = await UsbManager([TRANCE]).check()
        assert (report.ok, report.summary) == (True, NAME)

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nodes")
    async def test_a_check_names_the_node_that_may_not_be_opened_and_the_rule(
        self, backend: UsbBackend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backend.add(trance())
        monkeypatch.setattr(Path, "exists", lambda path: True)
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        report = await UsbManager([TRANCE]).check()
        assert not report.ok
        assert "/dev/bus/usb/001/005" in report.summary
        assert RULE in str(report.remedy)
