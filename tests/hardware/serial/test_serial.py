"""The serial bus: the real pyserial on pseudo terminals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import sys
import termios
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from buttplug.client import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.common import blocking, listing, polling
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.serial import SerialAdvertisement, SerialHardware, SerialManager, SerialSpecifier
from buttplug.hardware.serial.link import READ_SIZE
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.websocket import WebsocketSpecifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.matching import Match
from buttplug.server.devices.user_configuration import load_user_configuration
from tests.fakes.pty import Pty
from tests.hardware.documentation import example
from tests.hardware.helpers import Findings, losses, until, writes_meanwhile
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.usefixtures("no_thread_is_left"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals"),
]

#: More than a pseudo terminal holds.
TOO_MUCH = b"L0999\n" * 50_000


@pytest.fixture
async def pty(tmp_path: Path) -> AsyncIterator[Pty]:
    # By a name of its own: the system gives the number of one that is gone to the next, which may be another test's.
    with Pty(tmp_path / "port") as pty:
        yield pty


@pytest.fixture
async def hardware(pty: Pty) -> AsyncIterator[Hardware]:
    hardware = await connect(pty.path)
    yield hardware
    await hardware.disconnect()


async def connect(path: str, **settings: object) -> Hardware:
    hardware = SerialHardware(SerialSpecifier(**{"port": path, "baud_rate": 115200, **settings}))  # type: ignore[arg-type]
    await hardware.open()
    return hardware


@pytest.fixture
async def discovery(pty: Pty) -> AsyncIterator[Discovery]:
    """What a scan reports of the port."""
    manager = SerialManager([pty.path])
    await manager.open()
    findings = Findings(manager)
    await manager.start_scanning()
    await until(lambda: pty.path in findings.latest)
    yield findings.latest[pty.path]
    await manager.close()


class TestScanning:
    async def test_a_scan_offers_the_ports_of_the_system_and_those_named(
        self, pty: Pty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(list_ports, "comports", lambda: [ListPortInfo("/dev/cu.usbmodem1"), ListPortInfo("COM3")])
        manager = SerialManager([pty.path, "/dev/no-such-port", "default"])
        found: list[Discovery] = []
        manager.on_found = found.append
        await manager.open()
        await manager.start_scanning()
        assert manager.scanning
        await until(lambda: len(found) >= 4)
        await manager.close()
        assert not manager.scanning
        assert {discovery.advertisement for discovery in found} == {
            SerialAdvertisement(pty.path),
            SerialAdvertisement("COM3"),
            SerialAdvertisement("/dev/cu.usbmodem1"),
            SerialAdvertisement("/dev/tty.usbmodem1"),  # the other name it has on macOS
        }
        assert {discovery.address for discovery in found} >= {pty.path, "COM3"}

    async def test_a_port_plugged_in_during_a_scan_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.02)
        link = tmp_path / "toy"
        manager = SerialManager([str(link)])
        found: list[str] = []
        manager.on_found = lambda discovery: found.append(discovery.address)
        await manager.open()
        await manager.start_scanning()
        await manager.start_scanning()
        await asyncio.sleep(0.1)
        assert str(link) not in found
        with Pty(link):
            await until(lambda: str(link) in found)
        await manager.close()
        await manager.close()

    async def test_ports_that_cannot_be_listed_are_told_once_and_the_scan_goes_on(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.01)
        listings = iter([OSError("no sysfs")] * 3)

        def comports() -> list[ListPortInfo]:
            for error in listings:
                raise error
            return [ListPortInfo("COM7")]

        monkeypatch.setattr(list_ports, "comports", comports)
        manager = SerialManager()
        found: list[str] = []
        manager.on_found = lambda discovery: found.append(discovery.address)
        await manager.open()
        with pytest.raises(BusUnavailableError, match="The serial ports cannot be listed: no sysfs"):
            await manager.start_scanning()
        await until(lambda: found)
        await manager.close()
        assert not caplog.records

    async def test_a_listing_that_never_ends_does_not_hold_up_the_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "LIST_LIMIT", 0.05)
        never = threading.Event()
        monkeypatch.setattr(list_ports, "comports", never.wait)
        manager = SerialManager()
        await manager.open()
        with pytest.raises(BusUnavailableError, match="The serial ports could not be listed within"):
            await manager.start_scanning()
        assert not (await manager.check()).ok
        await manager.close()
        never.set()


class TestOpening:
    @pytest.mark.parametrize(
        ("settings", "speed", "flags"),
        [
            ({"baud_rate": 115200}, termios.B115200, termios.CS8),
            ({"baud_rate": 19200, "stop_bits": 1.0}, termios.B19200, termios.CS8),
            ({"baud_rate": 9600, "data_bits": 7, "parity": "E"}, termios.B9600, termios.CS7 | termios.PARENB),
            ({"parity": "O", "stop_bits": 2}, termios.B115200, termios.CS8 | termios.PARENB | termios.PARODD | termios.CSTOPB),
            ({"data_bits": 5, "parity": "N", "stop_bits": 2}, termios.B115200, termios.CS5 | termios.CSTOPB),
        ],
    )
    async def test_every_setting_of_the_configuration_is_applied(
        self, pty: Pty, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], speed: int, flags: int
    ) -> None:
        # A pseudo terminal remembers no character size and no parity, so look at what the driver is told.
        told: list[list[int]] = []
        monkeypatch.setattr("serial.serialposix.termios.tcsetattr", lambda fd, when, attributes: told.append(attributes))
        hardware = await connect(pty.path, **settings)
        mask = termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB
        assert (told[-1][5], told[-1][2] & mask) == (speed, flags)
        await hardware.disconnect()

    @pytest.mark.parametrize(
        ("settings", "on", "off"),
        [
            ({}, {"DTR", "RTS"}, set()),
            ({"dtr": False}, {"RTS"}, {"DTR"}),
            ({"rts": False}, {"DTR"}, {"RTS"}),
            ({"dtr": False, "rts": False}, set(), {"DTR", "RTS"}),
            ({"dtr": True, "rts": True}, {"DTR", "RTS"}, set()),
        ],
    )
    async def test_the_control_lines_are_as_the_configuration_says_from_the_first_moment(
        self, pty: Pty, monkeypatch: pytest.MonkeyPatch, settings: dict[str, bool], on: set[str], off: set[str]
    ) -> None:
        told: list[tuple[int, bytes]] = []
        ioctl = fcntl.ioctl

        def watched(fd: int, request: int, argument: bytes = b"") -> object:
            told.append((request, argument))
            # A pseudo terminal has no control lines, and pyserial would not go on behind the first that is missing.
            return b"" if request in (termios.TIOCMBIS, termios.TIOCMBIC) else ioctl(fd, request, argument)

        monkeypatch.setattr("serial.serialposix.fcntl.ioctl", watched)
        hardware = await connect(pty.path, **settings)
        await hardware.disconnect()
        lines = {struct.pack("I", termios.TIOCM_DTR): "DTR", struct.pack("I", termios.TIOCM_RTS): "RTS"}
        assert {lines[argument] for request, argument in told if request == termios.TIOCMBIS} == on
        assert {lines[argument] for request, argument in told if request == termios.TIOCMBIC} == off

    async def test_the_specifier_of_this_port_is_used(self, pty: Pty, discovery: Discovery) -> None:
        mine = SerialSpecifier(pty.path, 115200)
        others: list[Specifier] = [WebsocketSpecifier("x"), SerialSpecifier("default", 1), SerialSpecifier("/dev/other", 9600)]
        hardware = await discovery.connect([*others, mine])
        assert hardware.specifier is mine
        assert (hardware.name, hardware.address) == (pty.path, pty.path)
        assert hardware.endpoints == {"tx", "rx"}
        assert hardware.message_gap == 0
        await hardware.disconnect()
        with pytest.raises(HardwareError, match=f"{pty.path}: no specifier of a protocol names it"):
            await discovery.connect(others)

    async def test_a_port_in_use_is_told_as_such(self, pty: Pty, hardware: Hardware) -> None:
        with pytest.raises(HardwareError, match=f"{pty.path} is in use by another program"):
            await connect(pty.path)
        await hardware.write(Packet(b"still mine"))

    @pytest.mark.parametrize(
        ("refusal", "error", "message"),
        [
            (PermissionError(13, "Permission denied"), HardwarePermissionError, "add yourself to the group .+ log in again"),
            (OSError(16, "Device or resource busy"), HardwareError, "in use by another program"),
            (FileNotFoundError(2, "No such file or directory"), HardwareDisconnectedError, "is gone"),
            (OSError(6, "No such device or address"), HardwareDisconnectedError, "is gone"),
            (OSError(5, "Input/output error"), HardwareDisconnectedError, "is gone"),
            (OSError(23, "Too many open files in system"), HardwareError, "could not be opened: .*Too many open files"),
        ],
        ids=lambda value: value.strerror if isinstance(value, OSError) else "",
    )
    async def test_what_the_system_refuses_is_explained(
        self, pty: Pty, monkeypatch: pytest.MonkeyPatch, refusal: OSError, error: type[HardwareError], message: str
    ) -> None:
        refuse(monkeypatch, pty.path, refusal)
        with pytest.raises(error, match=f"^{pty.path} .*{message}") as caught:
            await connect(pty.path)
        assert type(caught.value) is error

    @pytest.mark.parametrize("settings", [{"parity": "X"}, {"data_bits": 9}, {"stop_bits": 3}, {"baud_rate": -1}])
    async def test_impossible_settings_are_explained(self, pty: Pty, settings: dict[str, object]) -> None:
        with pytest.raises(HardwareError, match="correct them in the user configuration"):
            await connect(pty.path, **settings)
        assert not pty.opened

    async def test_what_is_no_serial_port_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"")
        with pytest.raises(HardwareError, match=f"{file} could not be opened"):
            await connect(str(file))

    async def test_a_port_gone_between_scan_and_opening_is_told(self, pty: Pty, discovery: Discovery) -> None:
        pty.unplug()
        with pytest.raises(HardwareDisconnectedError, match="is gone"):
            await discovery.connect([SerialSpecifier(pty.path, 115200)])

    async def test_an_opening_that_hangs_is_given_up_and_closed_when_it_ends(
        self, pty: Pty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "OPEN_LIMIT", 0.05)
        released = hang(monkeypatch, pty.path)
        with pytest.raises(HardwareTimeoutError, match=f"{pty.path} did not open within"):
            await connect(pty.path)
        released.set()
        await until(lambda: not any(thread.name.startswith(pty.path) for thread in threading.enumerate()))
        assert not pty.opened

    async def test_an_opening_that_is_cancelled_leaves_nothing_open(self, pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
        released = hang(monkeypatch, pty.path)
        connecting = asyncio.create_task(connect(pty.path))
        await asyncio.sleep(0.05)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        released.set()
        await until(lambda: not any(thread.name.startswith(pty.path) for thread in threading.enumerate()))
        assert not pty.opened


class TestTraffic:
    async def test_written_bytes_arrive_in_order(self, pty: Pty, hardware: Hardware) -> None:
        packets = [f"L0{value:03}\n".encode() for value in range(200)]
        for data in packets:
            await hardware.write(Packet(data))
        await until(lambda: len(pty.received) >= 1200)
        assert bytes(pty.received) == b"".join(packets)

    async def test_every_byte_value_goes_through_both_ways(self, pty: Pty, hardware: Hardware) -> None:
        everything = bytes(range(256))
        await hardware.write(Packet(everything))
        with hardware.listen() as listener:
            pty.send(everything)
            notification = await listener.next(2)
        await until(lambda: len(pty.received) == 256)
        assert bytes(pty.received) == everything
        assert notification == Notification("rx", everything)

    async def test_subscribing_is_accepted_and_changes_nothing(self, pty: Pty, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        await hardware.unsubscribe("rx")
        with hardware.listen() as listener:
            pty.send(b"OK;")
            assert (await listener.next(2)).data == b"OK;"
        with pytest.raises(HardwareError, match="has no endpoint generic0"):
            await hardware.subscribe("generic0")
        with pytest.raises(HardwareError, match="has no endpoint generic0"):
            await hardware.write(Packet(b"x", endpoint="generic0"))

    async def test_a_flood_is_held_back_while_the_loop_is_busy_and_nothing_is_lost(self, pty: Pty, hardware: Hardware) -> None:
        pieces: list[bytes] = []
        hardware.on_notification(lambda notification: pieces.append(notification.data))
        sent = 0
        for _ in range(2000):  # a megabyte, if it were taken
            try:
                pty.send(b"x" * 512)
                sent += 512
            except BlockingIOError:
                time.sleep(0.0005)  # noqa: ASYNC251 - the loop is meant to be busy
        assert sent < 200_000
        await until(lambda: sum(map(len, pieces)) == sent)
        assert max(map(len, pieces)) <= READ_SIZE


class TestDevicesThatFail:
    @pytest.fixture(autouse=True)
    def _the_drivers_own_limit_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also on a busy machine, where a tenth of a second may not be enough for it."""
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 5.0)

    async def test_unplugged_while_idle_is_lost_once_and_closed(self, pty: Pty, hardware: Hardware) -> None:
        reasons = losses(hardware)
        pty.unplug()
        await until(lambda: reasons)
        await asyncio.sleep(0.05)
        assert len(reasons) == 1
        assert "unplugged" in reasons[0]
        assert not hardware.connected
        with pytest.raises(HardwareDisconnectedError):
            await hardware.write(Packet(b"x"))

    async def test_unplugged_in_the_middle_of_a_write_fails_the_write_and_is_lost_once(
        self, pty: Pty, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        pty.pause()
        writing = asyncio.create_task(hardware.write(Packet(TOO_MUCH)))
        await asyncio.sleep(0.1)
        assert not writing.done()
        pty.unplug()
        with pytest.raises(HardwareDisconnectedError, match=f"{pty.path} was lost while writing"):
            await writing
        await until(lambda: reasons)
        await asyncio.sleep(0.05)
        assert len(reasons) == 1

    async def test_a_write_that_never_ends_is_bounded_and_hurts_nobody_else(self, pty: Pty, hardware: Hardware) -> None:
        pty.pause()
        started = time.monotonic()
        writing = asyncio.create_task(hardware.write(Packet(TOO_MUCH)))
        with Pty() as other_pty:
            other = await connect(other_pty.path)
            assert await writes_meanwhile(writing, other, Packet(b"x")) > 5
            await other.disconnect()
        assert 0.8 < time.monotonic() - started < 5
        with pytest.raises(HardwareTimeoutError, match=f"{pty.path} sent nothing for"):
            await writing
        assert hardware.connected

    async def test_what_a_failed_write_left_does_not_arrive_late(self, pty: Pty, hardware: Hardware) -> None:
        pty.pause()
        with pytest.raises(HardwareTimeoutError):
            await hardware.write(Packet(TOO_MUCH))
        pty.resume()
        await hardware.write(Packet(b"DSTOP\n"))
        await until(lambda: pty.received.endswith(b"DSTOP\n"))
        assert len(pty.received) < 5000  # what the device's end had taken already

    async def test_a_line_behind_one_that_broke_off_is_not_taken_for_its_rest(self, pty: Pty, hardware: Hardware) -> None:
        hardware.line_end = b"\n"
        await hardware.write(Packet(b"D1\n"))
        pty.pause()
        with pytest.raises(HardwareTimeoutError):
            await hardware.write(Packet(TOO_MUCH))
        pty.resume()
        await hardware.write(Packet(b"DSTOP\n"))
        await hardware.write(Packet(b"V00\n"))
        await until(lambda: pty.received.endswith(b"V00\n"))
        lines = bytes(pty.received).splitlines()
        assert lines[0] == b"D1"
        assert lines[-2:] == [b"DSTOP", b"V00"]
        assert not pty.received.endswith(b"\n\nV00\n")

    async def test_a_write_given_up_before_its_turn_is_never_sent(self, pty: Pty, hardware: Hardware) -> None:
        pty.pause()
        stuck = asyncio.create_task(hardware.write(Packet(TOO_MUCH)))
        given_up = asyncio.create_task(hardware.write(Packet(b"given up")))
        await asyncio.sleep(0.05)
        given_up.cancel()
        with pytest.raises(HardwareTimeoutError):
            await stuck
        pty.resume()
        await hardware.write(Packet(b"next"))
        await until(lambda: pty.received.endswith(b"next"))
        assert b"given up" not in pty.received

    async def test_a_driver_that_hangs_does_not_hold_the_caller(
        self, pty: Pty, hardware: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 0.05)
        never = threading.Event()
        monkeypatch.setattr("serial.Serial.write", lambda port, data: never.wait())
        reasons = losses(hardware)
        with pytest.raises(HardwareTimeoutError, match=pty.path):
            await hardware.write(Packet(b"x"))
        assert len(reasons) == 1
        never.set()
        await until(lambda: not pty.opened)


class TestClosing:
    async def test_disconnecting_frees_the_port_and_tells_once(self, pty: Pty, hardware: Hardware) -> None:
        reasons = losses(hardware)
        await hardware.write(Packet(b"DSTOP\n"))
        assert pty.opened
        await hardware.disconnect()
        assert not pty.opened
        await hardware.disconnect()
        assert reasons == ["the server closed it"]
        await until(lambda: bytes(pty.received) == b"DSTOP\n")
        again = await connect(pty.path)
        await again.disconnect()

    async def test_disconnecting_waits_for_the_write_before_it(self, pty: Pty, hardware: Hardware) -> None:
        writing = asyncio.create_task(hardware.write(Packet(b"DSTOP\n")))
        await asyncio.sleep(0)
        await hardware.disconnect()
        await writing
        await until(lambda: bytes(pty.received) == b"DSTOP\n")

    async def test_nothing_is_notified_after_disconnecting(self, pty: Pty, hardware: Hardware) -> None:
        notifications: list[Notification] = []
        hardware.on_notification(notifications.append)
        pty.send(b"late")
        await hardware.disconnect()
        await asyncio.sleep(0.05)
        assert notifications == []


class TestLibrary:
    async def test_without_pyserial_the_bus_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "serial", None)
        manager = SerialManager()
        with pytest.raises(BusUnavailableError, match="pip install pyserial"):
            await manager.open()
        report = await manager.check()
        assert not report.ok
        assert "pip install pyserial" in (report.remedy or "")
        await manager.close()

    async def test_the_check_names_ports_and_missing_permissions(self, pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_ports, "comports", list)
        assert (await SerialManager().check()).summary == "no ports"
        report = await SerialManager([pty.path]).check()
        assert report.ok
        assert report.summary == f"ports: {pty.path}"
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        report = await SerialManager([pty.path]).check()
        assert not report.ok
        assert pty.path in report.summary
        assert "add yourself to the group" in (report.remedy or "")


async def test_a_stroker_of_the_user_configuration_is_found_driven_lost_found_again_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.02)
    device = SimulatedDevice("OSR2", SerialAdvertisement(""), address="unused")
    link = tmp_path / "osr"
    configuration = DeviceConfiguration.load()
    configuration.add_specifier("tcode-v03", SerialSpecifier(str(link), 115200))
    plugged: list[Pty] = []
    device.on_packet = lambda packet: plugged[-1].send(b"TCode v0.3\r\n") if packet.data == b"D1\n" else None
    position, timed = OutputType.POSITION, OutputType.POSITION_WITH_DURATION
    story = Story(
        name="TCode v0.3 (Single Linear Axis)",
        hand_shake=[Packet(b"D1\n")],
        outputs=[
            Driven(0, DeviceOutputCommand(timed, 999, 60_000), [Packet(b"L0999I60000\n")]),
            Driven(0, DeviceOutputCommand(position, 999), [Packet(b"L0999\n")]),
            Driven(0, DeviceOutputCommand(position, 500), [Packet(b"L0500\n")]),
            Driven(0, DeviceOutputCommand(position, 0), [Packet(b"L0000\n")]),
            Driven(0, DeviceOutputCommand(timed, 5, 60_000), [Packet(b"L0005I60000\n")]),
        ],
        halted=[Packet(b"DSTOP\n")],
        returned=[Packet(b"D1\n"), Packet(b"DSTOP\n")],
        driven_again=[Packet(b"L0999I60000\n")],
        halted_again=[Packet(b"DSTOP\n")],
    )
    await tell(
        story,
        Stage(
            manager=SerialManager([str(link)]),
            configuration=configuration,
            device=device,
            hold=lambda: plugged[-1].fill(),
            unplug=lambda: plugged[-1].unplug(),
            plug_in=lambda: plugged.append(Pty(link, device)),
        ),
    )
    plugged[-1].unplug()


def refuse(monkeypatch: pytest.MonkeyPatch, path: str, refusal: OSError) -> None:
    """Have the system refuse to open a path."""
    os_open = os.open

    def refusing_open(opened: str, flags: int, mode: int = 0o777) -> int:
        if opened == path:
            raise refusal
        return os_open(opened, flags, mode)

    monkeypatch.setattr("serial.serialposix.os.open", refusing_open)


def hang(monkeypatch: pytest.MonkeyPatch, path: str) -> threading.Event:
    """Have the system hang while it opens a path, until the event is set."""
    os_open = os.open
    released = threading.Event()

    def hanging_open(opened: str, flags: int, mode: int = 0o777) -> int:
        if opened == path:
            released.wait()
        return os_open(opened, flags, mode)

    monkeypatch.setattr("serial.serialposix.os.open", hanging_open)
    return released


def test_the_documented_user_configuration_makes_a_stroker_of_a_port(tmp_path: Path) -> None:
    file = tmp_path / "my-devices.json"
    file.write_text(example("Serial devices", "json"))
    configuration = DeviceConfiguration.load()
    load_user_configuration(file, configuration)
    specifier = SerialSpecifier("/dev/ttyUSB0", 115200, 8, "N", 1)
    assert configuration.match(SerialAdvertisement("/dev/ttyUSB0")) == [Match("tcode-v03", specifier)]
