"""Toys behind a Lovense dongle: a HID dongle on a fake of hidapi, and a serial dongle on a pseudo terminal."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from buttplug import ButtplugClient, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.common import blocking
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.hid import link as hid_link
from buttplug.hardware.lovense_dongle import (
    LovenseHidDongleManager,
    LovenseSerialDongleManager,
    link,
    protocol,
)
from buttplug.hardware.lovense_dongle import manager as dongle_manager
from buttplug.hardware.lovense_dongle.link import Dongle
from buttplug.hardware.lovense_dongle.protocol import CHECK_PAUSE
from buttplug.hardware.serial import link as serial_link
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.protocols.peers.lovense import prepare
from tests.fakes.cut import Cut, cuts
from tests.fakes.fault_log import faults
from tests.fakes.lovense_dongle import FakeDongle, FakeHidDongle, FakeSerialDongle
from tests.fakes.pty import Pty
from tests.hardware.helpers import Findings, losses, until
from tests.hardware.scenario import NORA, Stage, tell

DongleManager: TypeAlias = LovenseHidDongleManager | LovenseSerialDongleManager

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]

SPECIFIER = BluetoothSpecifier(services={"service": {"tx": "1", "rx": "2"}}, names=("LVS-*",))


@pytest.fixture
def hid_dongle(monkeypatch: pytest.MonkeyPatch) -> FakeHidDongle:
    return FakeHidDongle(monkeypatch)


@pytest.fixture
def serial_dongle(monkeypatch: pytest.MonkeyPatch) -> FakeSerialDongle:
    return FakeSerialDongle(monkeypatch)


@pytest.fixture(
    params=[
        "hid",
        pytest.param("serial", marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")),
    ]
)
async def dongle(request: pytest.FixtureRequest) -> AsyncIterator[FakeDongle]:
    """A dongle of either kind, not plugged in yet."""
    dongle: FakeDongle = request.getfixturevalue(f"{request.param}_dongle")
    yield dongle
    dongle.unplug()


def new_manager(dongle: FakeDongle) -> DongleManager:
    return LovenseHidDongleManager() if isinstance(dongle, FakeHidDongle) else LovenseSerialDongleManager()


@pytest.fixture
async def manager(dongle: FakeDongle, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DongleManager]:
    monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.02)
    manager = new_manager(dongle)
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
def findings(manager: DongleManager) -> Findings:
    return Findings(manager)


@pytest.fixture
def finished(manager: DongleManager) -> list[bool]:
    """Whether a scan was on, each time one is said to have ended."""
    finished: list[bool] = []
    manager.on_scanning_finished = lambda: finished.append(manager.scanning)
    return finished


@pytest.fixture
async def toy(dongle: FakeDongle, manager: DongleManager, findings: Findings) -> Hardware:
    """A toy of id A1, in use."""
    dongle.plug_in()
    dongle.add_toy("A1")
    await manager.start_scanning()
    return await (await findings.one()).connect([SPECIFIER])


async def connected(findings: Findings, toy: str) -> Hardware:
    await until(lambda: toy in findings.latest)
    return await findings.latest[toy].connect([SPECIFIER])


def end_search(manager: DongleManager) -> None:
    """Look for no dongle any more, as the end of a scan does; one that was found is left alone."""
    if manager._dongle is None and manager._poll._task is not None:
        manager._poll._task.cancel()


def is_over(cut: Cut, findings: Findings) -> bool:
    return cut.happened or bool(findings.latest)


class TestCutShort:
    async def test_a_scan_that_ends_at_any_moment_of_the_opening_leaves_no_port_open(
        self, dongle: FakeDongle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.02)
        monkeypatch.setattr(serial_link, "READ_MS", 5)
        monkeypatch.setattr(hid_link, "READ_MS", 5)
        dongle.plug_in()
        dongle.add_toy("A1")
        for cut in cuts("Poll._run"):
            manager = new_manager(dongle)
            findings = Findings(manager)
            await manager.open()
            with cut.by(end_search, manager):
                await manager.start_scanning()
                await until(partial(is_over, cut, findings))
                await manager.stop_scanning()
            await manager.start_scanning()
            assert (await findings.one()).address == "A1", cut
            await manager.close()

    async def test_toys_that_were_lost_are_looked_for_still_if_their_dongle_goes_in_the_moment_in_which_it_is_back(
        self, serial_dongle: FakeSerialDongle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.02)
        manager = LovenseSerialDongleManager()
        findings = Findings(manager)
        await manager.open()
        serial_dongle.plug_in()
        serial_dongle.add_toy("A1")
        await manager.start_scanning()
        toy = await connected(findings, "A1")
        reasons = losses(toy)
        answered = Dongle._received

        def answered_and_gone(dongle: Dongle, notification: Notification) -> None:
            answered(dongle, notification)
            dongle.link.fail("it was unplugged")
            monkeypatch.setattr(Dongle, "_received", answered)

        monkeypatch.setattr(Dongle, "_received", answered_and_gone)
        serial_dongle.unplug()
        await until(lambda: reasons)
        findings.latest.clear()
        serial_dongle.plug_in()
        assert (await findings.one()).address == "A1"
        await manager.close()
        serial_dongle.unplug()


class TestScanning:
    async def test_a_scan_finds_a_toy_and_is_over(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, finished: list[bool]
    ) -> None:
        dongle.plug_in()
        dongle.add_toy("A1")
        await manager.start_scanning()
        assert manager.scanning
        discovery = await findings.one()
        assert discovery.address == "A1"
        assert discovery.advertisement == BluetoothAdvertisement(name="LVS-DongleDevice")
        assert finished == [False]
        assert dongle.heard[-2:] == ["search", "stopSearch"]

    async def test_a_toy_switched_on_during_the_scan_is_found(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings
    ) -> None:
        dongle.plug_in()
        await manager.start_scanning()
        await manager.start_scanning()
        await until(lambda: dongle.searching)
        dongle.add_toy("A1")
        assert (await findings.one()).address == "A1"
        assert dongle.heard.count("search") == 1

    async def test_a_dongle_plugged_in_during_the_scan_is_used(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings
    ) -> None:
        dongle.add_toy("A1")
        await manager.start_scanning()
        await asyncio.sleep(0.1)
        assert manager.scanning
        dongle.plug_in()
        await findings.one()

    async def test_without_a_scan_no_dongle_is_opened(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings
    ) -> None:
        dongle.plug_in()
        await asyncio.sleep(0.1)
        await manager.start_scanning()
        await manager.stop_scanning()
        assert not manager.scanning
        heard = len(dongle.heard)
        await asyncio.sleep(0.1)
        assert len(dongle.heard) == heard

    async def test_stopping_ends_the_search(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, finished: list[bool]
    ) -> None:
        dongle.plug_in()
        await manager.start_scanning()
        await until(lambda: dongle.searching)
        await manager.stop_scanning()
        await manager.stop_scanning()
        assert not manager.scanning
        await until(lambda: not dongle.searching)
        assert dongle.heard[-1] == "stopSearch"
        assert finished == []
        dongle.add_toy("A1")
        await manager.start_scanning()
        await findings.one()

    async def test_a_toy_the_dongle_still_holds_is_found(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, finished: list[bool]
    ) -> None:
        dongle.plug_in()
        dongle.add_toy("A1")
        dongle.connected.add("A1")
        await manager.start_scanning()
        assert (await findings.one()).address == "A1"
        assert finished == [False]

    async def test_a_refused_toy_is_passed_over_and_others_are_found(
        self,
        dongle: FakeDongle,
        manager: DongleManager,
        findings: Findings,
        finished: list[bool],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(link, "IGNORE_TIME", 0.2)
        wanted: list[str] = []

        def choose(discovery: Discovery) -> None:
            if discovery.address == "A1":
                discovery.refused("it is denied in the user configuration")
            wanted.append(discovery.address)

        manager.on_found = choose
        dongle.plug_in()
        dongle.add_toy("A1")
        await manager.start_scanning()
        await until(lambda: wanted == ["A1"])
        await until(lambda: dongle.searching)
        assert finished == []
        dongle.add_toy("B2")
        await until(lambda: wanted == ["A1", "B2"])
        assert finished == [False]
        del dongle.toys["B2"]
        await asyncio.sleep(0.2)
        await manager.start_scanning()
        await until(lambda: wanted.count("A1") == 2)

    async def test_a_toy_nobody_took_is_reported_by_the_next_scan(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings
    ) -> None:
        dongle.plug_in()
        dongle.add_toy("A1")
        await manager.start_scanning()
        await findings.one()
        await manager.start_scanning()
        assert findings.count == 2


class TestToys:
    async def test_commands_reach_the_toy_and_its_answers_come_back(self, dongle: FakeDongle, toy: Hardware) -> None:
        device = dongle.toys["A1"]
        device.answer = lambda packet: device.notify("rx", b"Z:11:0082059AD3BD;")
        await toy.subscribe("rx")
        with toy.listen() as listener:
            await toy.write(Packet(b"DeviceType;"))
            assert await listener.next(2) == Notification("rx", b"Z:11:0082059AD3BD;")
        await toy.unsubscribe("rx")
        for value in range(20):
            await toy.write(Packet(b"Vibrate:%d;" % value))
        await until(lambda: len(device.packets) == 21)
        assert [packet.data for packet in device.packets][1:] == [b"Vibrate:%d;" % value for value in range(20)]

    async def test_what_a_toy_is_for_the_rest_of_the_server(self, toy: Hardware) -> None:
        assert (toy.name, toy.address, toy.message_gap) == ("Lovense Dongle Device", "A1", 0.075)
        assert toy.endpoints == {"tx", "rx"}
        assert toy.specifier is SPECIFIER
        with pytest.raises(HardwareError, match="has no endpoint generic0"):
            await toy.write(Packet(b"x", endpoint="generic0"))
        with pytest.raises(HardwareError, match="cannot be read"):
            await toy.read("rx")
        with pytest.raises(HardwareError, match="takes text only, not 56 ff"):
            await toy.write(Packet(b"V\xff"))

    async def test_commands_given_at_once_do_not_mix(self, dongle: FakeDongle, toy: Hardware) -> None:
        commands = [b"Vibrate1:%d;" % value for value in range(20)]
        await asyncio.gather(*(toy.write(Packet(command)) for command in commands))
        await until(lambda: len(dongle.toys["A1"].packets) == 20)
        assert [packet.data for packet in dongle.toys["A1"].packets] == commands

    async def test_two_toys_are_told_apart(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, toy: Hardware
    ) -> None:
        await toy.write(Packet(b"Vibrate:1;"))
        dongle.add_toy("B2")
        await manager.start_scanning()
        second = await connected(findings, "B2")
        first_reasons, second_reasons = losses(toy), losses(second)
        await second.write(Packet(b"Vibrate:2;"))
        await until(lambda: dongle.toys["B2"].packets)
        assert [packet.data for packet in dongle.toys["A1"].packets] == [b"Vibrate:1;"]
        with toy.listen() as first_listener, second.listen() as second_listener:
            dongle.toys["A1"].notify("rx", b"1;")
            dongle.toys["B2"].notify("rx", b"2;")
            assert (await first_listener.next(2)).data == b"1;"
            assert (await second_listener.next(2)).data == b"2;"
        dongle.lose_toy("B2")
        await until(lambda: second_reasons)
        assert first_reasons == []
        await toy.write(Packet(b"Vibrate:0;"))

    async def test_a_toy_is_opened_once(self, findings: Findings, toy: Hardware) -> None:
        with pytest.raises(HardwareError, match="Lovense Dongle Device A1 is in use already"):
            await findings.latest["A1"].connect([SPECIFIER])

    async def test_a_toy_let_go_is_found_by_the_next_scan(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, toy: Hardware
    ) -> None:
        reasons = losses(toy)
        await toy.write(Packet(b"Vibrate:0;"))
        await toy.disconnect()
        await toy.disconnect()
        assert reasons == ["the server closed it"]
        with pytest.raises(HardwareDisconnectedError):
            await toy.write(Packet(b"late"))
        findings.latest.clear()
        await manager.start_scanning()
        again = await connected(findings, "A1")
        await again.write(Packet(b"Vibrate:3;"))
        await until(lambda: len(dongle.toys["A1"].packets) == 2)


class TestSpacing:
    """A dongle is reported to drop the second of two lines that come together, whichever toys they are for."""

    async def test_lines_leave_some_time_apart_whichever_toys_they_are_for(
        self,
        dongle: FakeDongle,
        manager: DongleManager,
        findings: Findings,
        toy: Hardware,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        dongle.add_toy("B2")
        await manager.start_scanning()
        second = await connected(findings, "B2")
        # On the fake's side lines may be read late.
        times: list[float] = []
        write = Dongle._write

        async def noted(self: Dongle, line: bytes) -> None:
            times.append(time.monotonic())
            await write(self, line)

        monkeypatch.setattr(Dongle, "_write", noted)
        dongle.times.clear()
        await asyncio.gather(
            *(hardware.write(Packet(b"Vibrate:%d;" % value)) for value in range(3) for hardware in (toy, second)),
            toy.write_stop(Packet(b"Vibrate:0;")),
            second.write_stop(Packet(b"Vibrate:0;")),
            manager.start_scanning(),
        )
        await until(lambda: len(dongle.times) == 10)
        assert len(times) == 10
        assert min(after - before for before, after in pairwise(times)) >= link.SPACING

    async def test_a_stop_leaves_behind_the_line_that_has_begun_and_ahead_of_those_of_other_toys(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, toy: Hardware
    ) -> None:
        hardware = [toy]
        for name in ("B2", "C3"):
            dongle.add_toy(name)
            await manager.start_scanning()
            hardware.append(await connected(findings, name))
        order: list[str] = []
        for name, device in dongle.toys.items():
            device.on_packet = partial(lambda name, packet: order.append(name), name)
        await asyncio.sleep(0.1)
        await asyncio.gather(
            *(each.write(Packet(b"Vibrate:1;")) for each in hardware[1:]), toy.write_stop(Packet(b"Vibrate:0;"))
        )
        await until(lambda: len(order) == 3)
        assert order == ["B2", "A1", "C3"]

    async def test_stops_go_ahead_of_what_waits_and_replace_what_their_toy_was_to_be_told(
        self, dongle: FakeDongle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.02)
        configuration, manager = DeviceConfiguration.load(), new_manager(dongle)
        dongle.plug_in()
        server = ButtplugServer(managers=[manager], configuration=configuration)
        async with server, ButtplugClient("two toys") as client:
            await client.connect(server)
            for number, toy in enumerate(("A1", "B2", "C3"), start=1):
                prepare(dongle.add_toy(toy), configuration.find("Lovense Edge"))
                await client.start_scanning()
                await until(partial(lambda number: len(client.devices) == number, number), 10)
            devices = list(client.devices.values())
            for device in devices:
                await device.run_output(DeviceOutputCommand(OutputType.VIBRATE, 5))
            await asyncio.sleep(0.1)
            dongle.times.clear()
            for fake in dongle.toys.values():
                fake.packets.clear()
            commands = [
                asyncio.ensure_future(device.run_output(DeviceOutputCommand(OutputType.VIBRATE, 15))) for device in devices
            ]
            batteries = [asyncio.ensure_future(devices[2].battery()) for _ in range(20)]
            await asyncio.sleep(0.01)
            began = time.monotonic()
            await asyncio.gather(devices[0].stop(), devices[1].stop())
            took = time.monotonic() - began
            stopped_toys = [dongle.toys[toy] for toy in ("A1", "B2")]
            # What is written may be read late on the fake's side.
            await until(lambda: all(toy.packets and toy.packets[-1].data == b"Vibrate2:0;" for toy in stopped_toys))
            stopped = [[packet.data for packet in toy.packets] for toy in stopped_toys]
            await asyncio.gather(*commands)
            for battery in batteries:
                battery.cancel()
        for packets in stopped:
            assert packets[-2:] == [b"Vibrate1:0;", b"Vibrate2:0;"]
        assert sum(map(len, stopped)) <= 5, "what waited for its turn was not sent any more"
        assert took < 0.6, "four packets and the line before them, and not the batteries"


class TestFailures:
    async def test_a_toy_out_of_range_is_lost_once_and_comes_back_without_a_scan(
        self, dongle: FakeDongle, findings: Findings, toy: Hardware
    ) -> None:
        reasons = losses(toy)
        await toy.write(Packet(b"Vibrate:1;"))
        await until(lambda: dongle.toys["A1"].packets)
        del dongle.toys["A1"]
        dongle.lose_toy("A1")
        dongle.lose_toy("A1")
        await until(lambda: reasons)
        with pytest.raises(HardwareDisconnectedError):
            await findings.latest["A1"].connect([SPECIFIER])
        findings.latest.clear()
        await until(lambda: dongle.searching)
        dongle.add_toy("B2")
        await asyncio.sleep(0.05)
        assert not findings.latest, "a toy that was never in use needs a scan"
        dongle.add_toy("A1")
        again = await connected(findings, "A1")
        await toy.disconnect()
        await again.write(Packet(b"Vibrate:0;"))
        assert reasons == ["the dongle lost it; is it switched on and near?"]

    async def test_a_dongle_pulled_out_loses_its_toys_once_and_brings_them_back_when_it_is_back(
        self,
        dongle: FakeDongle,
        manager: DongleManager,
        findings: Findings,
        toy: Hardware,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        reasons = losses(toy)
        dongle.unplug()
        await until(lambda: reasons)
        with pytest.raises(HardwareDisconnectedError):
            await toy.write(Packet(b"Vibrate:1;"))
        with pytest.raises(HardwareDisconnectedError, match="is gone"):
            await findings.latest["A1"].connect([SPECIFIER])
        findings.latest.clear()
        await manager.start_scanning()
        await manager.stop_scanning()
        dongle.plug_in()
        again = await connected(findings, "A1")
        await again.write(Packet(b"Vibrate:0;"))
        assert len(reasons) == 1
        assert reasons[0].startswith("the dongle was lost: ")
        assert f"{manager.bus} was lost" in caplog.text

    async def test_a_toy_is_found_again_though_the_search_for_it_could_not_be_sent(
        self,
        dongle: FakeDongle,
        manager: DongleManager,
        findings: Findings,
        toy: Hardware,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(protocol, "FAILURE_PAUSE", 0.05)
        assert manager._dongle is not None
        write = manager._dongle.link.write
        failures = 3

        async def fail(packet: Packet) -> None:
            nonlocal failures
            if failures and b"search" in packet.data:
                failures -= 1
                raise HardwareError("no luck")
            await write(packet)

        monkeypatch.setattr(manager._dongle.link, "write", fail)
        findings.latest.clear()
        dongle.lose_toy("A1")
        again = await connected(findings, "A1")
        await again.write(Packet(b"Vibrate:0;"))
        assert failures == 0
        assert caplog.text.count("was not sent to the Lovense dongle: no luck") == 3

    async def test_a_toy_that_comes_back_and_is_not_ready_is_found_again(
        self, dongle: FakeDongle, findings: Findings, toy: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(protocol, "RETRY_PAUSE", 0.05)
        dongle.lose_toy("A1")
        for refusal in ("it did not become ready", "it did not become ready", None):
            findings.latest.clear()
            again = await connected(findings, "A1")
            again.refusal = refusal
            await again.disconnect()
        findings.latest.clear()
        await asyncio.sleep(0.3)
        assert findings.latest == {}

    async def test_toys_that_came_back_and_were_let_go_are_not_brought_back_again(
        self, dongle: FakeDongle, findings: Findings, toy: Hardware, caplog: pytest.LogCaptureFixture
    ) -> None:
        def dongle_lost(times: int) -> bool:
            return caplog.text.count("Lovense dongle") == times

        for times in (1, 2):
            dongle.unplug()
            await until(partial(dongle_lost, times))
            findings.latest.clear()
            dongle.plug_in()
            toy = await connected(findings, "A1")

        await toy.disconnect()
        dongle.unplug()
        await until(partial(dongle_lost, 3))
        dongle.heard.clear()
        dongle.plug_in()
        await until(lambda: dongle.heard)
        await asyncio.sleep(2 * CHECK_PAUSE)
        assert dongle.heard == ["statuss"]

    async def test_a_search_that_never_ends_is_told_and_the_scan_is_over(
        self,
        dongle: FakeDongle,
        manager: DongleManager,
        findings: Findings,
        finished: list[bool],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr("buttplug.hardware.lovense_dongle.protocol.STOP_LIMIT", 0.1)
        dongle.plug_in()
        dongle.deaf_to = {"stopSearch"}
        dongle.add_toy("A1")
        await manager.start_scanning()
        await until(lambda: finished)
        assert "did not end its search" in caplog.text
        assert findings.count == 0
        dongle.deaf_to.clear()
        await manager.start_scanning()
        await findings.one()

    async def test_closing_ends_the_search_lets_the_toys_go_and_frees_the_dongle(
        self, dongle: FakeDongle, manager: DongleManager, findings: Findings, toy: Hardware
    ) -> None:
        reasons = losses(toy)
        await manager.start_scanning()
        await until(lambda: dongle.searching)
        await manager.close()
        assert reasons == ["the server closed it"]
        assert not manager.scanning
        await until(lambda: not dongle.searching)
        await manager.close()


class TestNonsense:
    async def test_a_dongle_that_finds_and_loses_a_toy_without_end_fills_no_memory_and_its_toys_are_stopped(
        self, dongle: FakeDongle, manager: DongleManager, toy: Hardware, caplog: pytest.LogCaptureFixture
    ) -> None:
        await manager.start_scanning()
        await until(lambda: dongle.searching)
        dongle.deaf_to |= {"search", "stopSearch"}
        opened = manager._dongle
        assert opened is not None
        for _ in range(100):
            dongle.say(func="toyData", data={"id": "Z9"})
            dongle.say(func="status", data={"id": "Z9", "status": 403})
            dongle.say(func="search", result=206)
            # A serial port's buffer holds few of them, and a thread reads it.
            await asyncio.sleep(0.002)
        warnings: list[str] = []
        async with asyncio.timeout(10):
            while not warnings:
                await asyncio.sleep(0.01)
                assert len(opened._sending) <= link.MAX_REQUESTS
                warnings = [record.getMessage() for record in caplog.records if "asks for more" in record.getMessage()]
        async with asyncio.timeout(1):
            await toy.write_stop(Packet(b"Vibrate:0;"))
        await until(lambda: dongle.toys["A1"].packets)
        assert len(warnings) == 1
        assert faults(caplog) == []


class TestHidDongles:
    @pytest.fixture
    async def manager(
        self, hid_dongle: FakeHidDongle, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[LovenseHidDongleManager]:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.01)
        manager = LovenseHidDongleManager()
        await manager.open()
        yield manager
        await manager.close()

    @pytest.fixture
    async def toy(self, hid_dongle: FakeHidDongle, manager: LovenseHidDongleManager, findings: Findings) -> Hardware:
        """A toy in use, to which every command needs two reports."""
        hid_dongle.plug_in()
        hid_dongle.add_toy("0082059AD3BD")
        await manager.start_scanning()
        return await connected(findings, "0082059AD3BD")

    async def test_one_that_takes_nothing_fails_its_writes_and_is_lost(
        self, hid_dongle: FakeHidDongle, toy: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 0.1)
        reasons = losses(toy)
        hid_dongle.device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError, match="Lovense Dongle took nothing"):
            await toy.write(Packet(b"Vibrate:0;"))
        assert len(reasons) == 1
        hid_dongle.device.hang.set()

    async def test_one_is_not_opened_again_before_a_write_that_hangs_has_ended(
        self, hid_dongle: FakeHidDongle, toy: Hardware, findings: Findings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blocking, "WRITE_LIMIT", 0.05)
        hung = hid_dongle.device.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError):
            await toy.write(Packet(b"Vibrate:9;"))
        hid_dongle.device.hang = None
        listed = hid_dongle.bus.listed
        await until(lambda: hid_dongle.bus.listed > listed + 10)
        assert hid_dongle.device.handles == 1
        hung.set()
        findings.latest.clear()
        await connected(findings, toy.address)
        assert hid_dongle.device.handles == 1

    async def test_a_line_that_has_begun_is_sent_to_its_end_although_it_is_given_up(
        self, hid_dongle: FakeHidDongle, toy: Hardware
    ) -> None:
        hung = hid_dongle.device.hang = threading.Event()
        writing = asyncio.create_task(toy.write(Packet(b"Vibrate:9;")))
        await asyncio.sleep(0.05)
        writing.cancel()
        hid_dongle.device.hang = None
        hung.set()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await toy.write(Packet(b"Vibrate:0;"))
        packets = hid_dongle.toys[toy.address].packets
        await until(lambda: len(packets) == 2)
        assert [packet.data for packet in packets] == [b"Vibrate:9;", b"Vibrate:0;"]

    async def test_one_that_may_not_be_opened_is_told_once_with_the_remedy(
        self, hid_dongle: FakeHidDongle, manager: LovenseHidDongleManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        hid_dongle.plug_in()
        hid_dongle.device.open_error = "Permission denied"
        await manager.start_scanning()
        await until(lambda: caplog.records)
        await asyncio.sleep(0.1)
        assert len(caplog.records) == 1
        assert "KERNELS==" in caplog.text
        hid_dongle.device.open_error = ""
        await until(lambda: hid_dongle.searching)

    async def test_the_check(
        self,
        hid_dongle: FakeHidDongle,
        manager: LovenseHidDongleManager,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert (await manager.check()).summary == "no dongle"
        node = tmp_path / "hidraw0"
        node.touch()
        hid_dongle.device.plug_in(str(node))
        assert (await manager.check()).summary == f"a dongle at {node}"
        monkeypatch.setattr("os.access", lambda path, mode: False)
        report = await manager.check()
        assert not report.ok
        assert "1915:520A" in (report.remedy or "")
        hid_dongle.bus.list_error = OSError("no udev")
        assert "no udev" in ((await manager.check()).remedy or "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
class TestSerialDongles:
    @pytest.fixture
    async def manager(
        self, serial_dongle: FakeSerialDongle, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[LovenseSerialDongleManager]:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.01)
        monkeypatch.setattr(dongle_manager, "ANSWER_LIMIT", 0.2)
        manager = LovenseSerialDongleManager()
        await manager.open()
        yield manager
        await manager.close()
        serial_dongle.unplug()

    @pytest.mark.parametrize("answer", [b"", b"ERR: unknown command\r\n", b'{"type":"toy"}\r\n'])
    async def test_another_board_is_let_go_and_not_bothered_again_until_it_is_replugged(
        self, serial_dongle: FakeSerialDongle, manager: LovenseSerialDongleManager, answer: bytes
    ) -> None:
        serial_dongle.plug_in()
        pty = serial_dongle.pty
        assert pty is not None
        pty.on_received = lambda data: pty.send(answer) if answer else None
        await manager.start_scanning()
        await until(lambda: pty.opened)
        await until(lambda: not pty.opened)
        await asyncio.sleep(0.1)
        assert bytes(pty.received) == b'{"type":"toy","func":"statuss"}\r\n'
        pty.unplug()
        await asyncio.sleep(0.05)
        serial_dongle.plug_in()
        await until(lambda: serial_dongle.searching)

    async def test_a_port_of_the_configuration_is_never_opened(
        self, serial_dongle: FakeSerialDongle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.01)
        serial_dongle.plug_in()
        manager = LovenseSerialDongleManager([serial_dongle.port])
        await manager.open()
        await manager.start_scanning()
        await asyncio.sleep(0.1)
        assert serial_dongle.heard == []
        assert (await manager.check()).summary == "no dongle"
        await manager.close()
        serial_dongle.unplug()

    async def test_a_port_that_another_program_has_does_not_keep_the_next_from_being_tried(
        self,
        serial_dongle: FakeSerialDongle,
        manager: LovenseSerialDongleManager,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with Pty() as taken, taken.taken():
            serial_dongle.other_port = taken.path
            await manager.start_scanning()
            await until(lambda: f"{taken.path} is in use by another program" in caplog.text)
            serial_dongle.plug_in()
            await until(lambda: serial_dongle.searching)
            await manager.close()
            assert taken.received == b""
        serial_dongle.unplug()

    async def test_a_look_cut_short_leaves_no_port_open(
        self, serial_dongle: FakeSerialDongle, manager: LovenseSerialDongleManager
    ) -> None:
        serial_dongle.plug_in()
        serial_dongle.deaf_to = {"statuss"}
        await manager.start_scanning()
        await until(lambda: serial_dongle.heard)
        await manager.stop_scanning()
        assert serial_dongle.pty is not None
        assert not serial_dongle.pty.opened

    async def test_the_check(self, serial_dongle: FakeSerialDongle, manager: LovenseSerialDongleManager) -> None:
        assert (await manager.check()).summary == "no dongle"
        serial_dongle.plug_in()
        assert (await manager.check()).summary == f"perhaps a dongle at {serial_dongle.port}"
        assert serial_dongle.heard == []

    async def test_the_check_names_missing_permissions(
        self, serial_dongle: FakeSerialDongle, manager: LovenseSerialDongleManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        serial_dongle.plug_in()
        monkeypatch.setattr("os.access", lambda path, mode: False)
        report = await manager.check()
        assert report.summary == f"no permission for {serial_dongle.port}"
        assert "add yourself to the group" in (report.remedy or "")


@pytest.mark.parametrize(
    ("manager", "modules", "remedy"),
    [
        (LovenseHidDongleManager(), ["hid", "hidraw"], "pip install hidapi"),
        (LovenseSerialDongleManager(), ["serial"], "pip install pyserial"),
    ],
    ids=["hid", "serial"],
)
async def test_without_its_library_the_bus_says_what_to_install(
    manager: DongleManager, modules: list[str], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BusUnavailableError, match=remedy):
        await manager.open()
    report = await manager.check()
    assert not report.ok
    assert remedy in (report.remedy or "")
    await manager.close()


async def test_a_toy_is_found_identified_driven_lost_found_again_and_stopped(
    dongle: FakeDongle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dongle_manager, "LOOK_INTERVAL", 0.02)
    toy = dongle.add_toy("0082059AD3BD")
    prepare(toy, DeviceConfiguration.load().find("Lovense Nora"))
    manager = LovenseHidDongleManager() if isinstance(dongle, FakeHidDongle) else LovenseSerialDongleManager()
    await tell(NORA, Stage(manager, toy, hold=dongle.hang, unplug=dongle.unplug, plug_in=dongle.plug_in))


async def test_a_fault_in_a_line_of_the_search_is_logged_once_and_the_toy_in_use_is_still_driven(
    dongle: FakeDongle,
    manager: DongleManager,
    toy: Hardware,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(self: link.Dongle, line: bytes) -> None:
        self._turns.end()
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(link.Dongle, "_write", fails)
        await manager.start_scanning()
        await until(lambda: faults(caplog))
    assert faults(caplog) == ["a fault of ours"]
    await toy.write(Packet(b"Vibrate:5;"))
    await manager.close()
