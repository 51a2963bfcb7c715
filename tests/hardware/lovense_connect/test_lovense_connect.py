"""Lovense Connect: the real code against an app of ours on a loopback port."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise

import pytest

from buttplug import ButtplugClient, ButtplugDevice, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Discovery, Hardware, Packet
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.lovense_connect import (
    LovenseConnectAdvertisement,
    LovenseConnectManager,
    LovenseConnectSpecifier,
    given_up,
    link,
)
from buttplug.hardware.lovense_connect import manager as connect_manager
from buttplug.hardware.lovense_connect.http_get import Answer, get
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.pacing import owed
from tests.fakes.cut import cuts
from tests.fakes.fault_log import faults
from tests.fakes.lovense_connect import AppToy, ConnectApp
from tests.hardware.helpers import Findings, connect_and_let_go, losses, served, until, writes_meanwhile
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]

SPECIFIER = LovenseConnectSpecifier()
COMMAND = b"Vibrate1?v=10&t=f0a1"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def toy(name: str = "Edge", address: str = "f0a1", **settings: object) -> AppToy:
    return AppToy(SimulatedDevice(name, LovenseConnectAdvertisement(), address=address), **settings)


def packets(toy: AppToy) -> list[bytes]:
    return [packet.data for packet in toy.device.packets]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "POLL_INTERVAL", 0.02)
    monkeypatch.setattr(link, "SCAN_INTERVAL", 0.05)
    monkeypatch.setattr(connect_manager, "SCAN_INTERVAL", 0.05)


@pytest.fixture
async def app() -> AsyncIterator[ConnectApp]:
    app = ConnectApp()
    app.toys["f0a1"] = toy()
    async with app.running():
        yield app


@pytest.fixture
async def manager(app: ConnectApp) -> AsyncIterator[LovenseConnectManager]:
    manager = LovenseConnectManager([app.host])
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
async def discovery(findings: Findings) -> Discovery:
    return await findings.one()


@pytest.fixture
async def hardware(discovery: Discovery) -> Hardware:
    return await discovery.connect([HidSpecifier(()), SPECIFIER])


async def lose_and_bring_back(app: ConnectApp, hardware: Hardware, findings: Findings) -> None:
    """Have the app lose a toy, and list it again; what was found before is forgotten."""
    reasons = losses(hardware)
    toy = app.toys[hardware.address]
    toy.status = False
    await until(lambda: reasons)
    findings.latest.clear()
    toy.status = True


class TestCutShort:
    async def test_a_connecting_that_is_given_up_at_any_moment_leaves_the_toy_free(
        self, manager: LovenseConnectManager, discovery: Discovery, findings: Findings
    ) -> None:
        for cut in cuts("LovenseConnectManager._connect"):
            await connect_and_let_go(discovery, SPECIFIER, cut)
            findings.latest.clear()
            await manager.start_scanning()
            assert (await findings.one()).address == "f0a1", cut


class TestScanning:
    @pytest.mark.parametrize("status", [True, 1, "1", "true", "True"])
    async def test_connected_toys_are_offered(self, app: ConnectApp, findings: Findings, status: object) -> None:
        app.toys["f0a1"].status = status
        discovery = await findings.one()
        assert (discovery.name, discovery.address) == ("Edge", "f0a1")
        assert discovery.advertisement == LovenseConnectAdvertisement()

    @pytest.mark.parametrize("status", [False, 0, "0", "false", ""])
    async def test_toys_that_are_not_connected_are_not(
        self, app: ConnectApp, manager: LovenseConnectManager, status: object
    ) -> None:
        app.toys["f0a1"].status = status
        findings = Findings(manager)
        await manager.start_scanning()
        await until(lambda: len(app.asked) > 2)
        assert not findings.latest

    async def test_a_toy_that_appears_is_found_and_one_that_is_connected_is_not_offered_again(
        self, app: ConnectApp, hardware: Hardware, findings: Findings
    ) -> None:
        await asyncio.sleep(0.05)
        findings.latest.clear()
        app.toys["b2"] = toy("Max", "b2")
        await until(lambda: "b2" in findings.latest)
        assert "f0a1" not in findings.latest
        await hardware.disconnect()
        await until(lambda: "f0a1" in findings.latest)

    async def test_one_request_in_a_while_serves_a_scan_and_one_a_second_all_connected_toys(
        self, app: ConnectApp, findings: Findings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app.toys["b2"] = toy("Max", "b2")
        times: list[float] = []
        monkeypatch.setattr(app, "asked", _Recorded(times))
        await until(lambda: len(times) >= 4)
        assert min(after - before for before, after in pairwise(times)) > 0.04
        await until(lambda: len(findings.latest) == 2)
        for discovery in findings.latest.values():
            await discovery.connect([SPECIFIER])
        times.clear()
        await until(lambda: len(times) >= 10)
        assert min(after - before for before, after in pairwise(times)) > 0.015

    async def test_the_app_is_left_alone_after_the_scan_unless_toys_are_connected(
        self, app: ConnectApp, findings: Findings, manager: LovenseConnectManager
    ) -> None:
        discovery = await findings.one()
        assert manager.scanning
        await manager.start_scanning()
        await manager.stop_scanning()
        await manager.stop_scanning()
        assert not manager.scanning
        asked, found = len(app.asked), findings.count
        await asyncio.sleep(0.15)
        assert len(app.asked) == asked
        hardware = await discovery.connect([SPECIFIER])
        await until(lambda: len(app.asked) > asked + 3)
        assert findings.count == found
        await hardware.disconnect()
        await asyncio.sleep(0.05)
        asked = len(app.asked)
        await asyncio.sleep(0.1)
        assert len(app.asked) == asked

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            ({"body": b"<html>"}, "in a way that is not understood"),
            ({"body": b'{"data": [1]}'}, "in a way that is not understood"),
            ({"body": b'{"code": 402, "data": {}}'}, "code 402"),
            ({"status": 500}, "status 500"),
            ({"raw": b"SSH-2.0-OpenSSH\r\n\r\n"}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"}, "in a way that is not understood"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n{}"}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{]"}, "in a way that is not understood"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{]"}, "in a way that is not understood"),
            ({"raw": CHUNKED + b"-1\r\n" + bytes(3 << 20)}, "cannot be used"),
            ({"raw": CHUNKED + b"f" * 30 + b"\r\n" + bytes(3 << 20)}, "cannot be used"),
            ({"raw": CHUNKED + (b"1000\r\n" + bytes(0x1000) + b"\r\n") * 600}, "cannot be used"),
            ({"raw": (b"HTTP/1.1 100 Continue\r\nx: " + bytes(60_000) + b"\r\n\r\n") * 50}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n{}"}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\n" + b"a" * (3 << 20)}, "cannot be used"),
            ({"raw": b"HTTP/9.9 \xff\xfe\x1b[2J\r\n\r\n"}, "cannot be used"),
            ({"body": b"[" * 100_000}, "in a way that is not understood"),
            ({"body": b'{"data": ' + b"[" * 100_000}, "in a way that is not understood"),
            ({"body": b'{"data": {"\xff": {}}}'}, "in a way that is not understood"),
            ({"body": b"\xef\xbb\xbf{}"}, "in a way that is not understood"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(3 << 20)}, "cannot be used"),
            ({"raw": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}, "cannot be used"),
            ({"raw": b""}, "cannot be reached"),
            ({"body": b'{"data": {"\xff": {}}}'}, "in a way that is not understood"),
            ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}"}, "cannot be used"),
        ],
        ids=itertools.count(),
    )
    async def test_a_wrong_answer_is_told_once_and_the_scan_goes_on(
        self,
        app: ConnectApp,
        manager: LovenseConnectManager,
        caplog: pytest.LogCaptureFixture,
        answer: dict[str, object],
        told: str,
    ) -> None:
        for name, value in answer.items():
            setattr(app, name, value)
        findings = Findings(manager)
        await manager.start_scanning()
        await until(lambda: len(app.asked) >= 3)
        app.status, app.body, app.raw = 200, None, None
        await findings.one()
        assert len(caplog.records) == 1
        assert told in caplog.text
        assert app.host in caplog.text
        assert caplog.records[0].getMessage().isprintable()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": "x"},
            {"id": 1, "name": "a", "status": True},
            {"id": "x", "name": "y", "status": []},
            {"id": "x", "name": "", "status": 1},
            {"id": "x" * 200, "name": "y", "status": 1},
            "toy",
            None,
            json.loads("[" * 900 + "]" * 900),
        ],
        ids=range(8),
    )
    async def test_a_toy_that_is_not_understood_is_told_once_and_hides_no_other(
        self, app: ConnectApp, findings: Findings, caplog: pytest.LogCaptureFixture, wrong: object
    ) -> None:
        app.extra["odd"] = wrong
        await until(lambda: len(app.asked) >= 3)
        assert list(findings.latest) == ["f0a1"]
        assert len(caplog.records) == 1
        assert "toy odd" in caplog.text

    @pytest.mark.parametrize(
        "raw",
        [
            b"HTTP/1.0 200 OK\r\n\r\n%s",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
        ],
    )
    async def test_other_ways_to_send_a_body_are_understood(
        self, app: ConnectApp, manager: LovenseConnectManager, raw: bytes
    ) -> None:
        body = b'{"data": {"a": {"id": "a", "name": "Lush", "status": 1, "battery": null}}}'
        app.raw = raw % ((len(body), body) if b"%x" in raw else body)
        findings = Findings(manager)
        await manager.start_scanning()
        assert (await findings.one()).name == "Lush"

    async def test_an_app_that_is_not_running_is_told_once_and_found_when_it_starts(
        self, app: ConnectApp, manager: LovenseConnectManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        await app.stop()
        findings = Findings(manager)
        await manager.start_scanning()
        await asyncio.sleep(0.35)
        await app.start()
        await findings.one()
        assert len(caplog.records) == 1
        assert f"http://{app.host} cannot be reached" in caplog.text

    async def test_a_silent_app_does_not_delay_another(self, app: ConnectApp, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(link, "REQUEST_LIMIT", 60.0)
        silent = ConnectApp()
        silent.silent = True
        async with silent.running():
            manager = LovenseConnectManager([silent.host, app.host])
            findings = Findings(manager)
            await manager.start_scanning()
            await findings.one()
            await manager.close()


class TestOpening:
    async def test_the_name_and_id_are_those_of_the_app(self, hardware: Hardware) -> None:
        assert (hardware.name, hardware.address) == ("Edge", "f0a1")
        assert hardware.specifier is SPECIFIER
        assert hardware.endpoints == {"tx", "rx"}

    async def test_without_a_specifier_for_it_nothing_is_opened(self, discovery: Discovery) -> None:
        with pytest.raises(HardwareError, match="no protocol is for toys of Lovense Connect"):
            await discovery.connect([HidSpecifier(())])

    async def test_nothing_opens_once_the_bus_is_closed(self, discovery: Discovery, manager: LovenseConnectManager) -> None:
        await manager.close()
        with pytest.raises(HardwareDisconnectedError, match="is gone"):
            await discovery.connect([SPECIFIER])


class TestTraffic:
    async def test_a_command_is_the_path_of_a_request(self, app: ConnectApp, hardware: Hardware) -> None:
        commands = [b"Vibrate1?v=10&t=f0a1", b"RotateChange?t=f0a1", b"Rotate?v=20&t=f0a1", b"Vibrate1?v=0&t=f0a1"]
        for command in commands:
            await hardware.write(Packet(command))
        assert [path for path in app.asked if path != "/GetToys"] == [f"/{command.decode()}" for command in commands]
        assert packets(app.toys["f0a1"]) == commands

    async def test_commands_given_at_once_arrive_in_order(self, app: ConnectApp, hardware: Hardware) -> None:
        commands = [f"Vibrate1?v={value}&t=f0a1".encode() for value in range(20)]
        await asyncio.gather(*(hardware.write(Packet(command)) for command in commands))
        assert packets(app.toys["f0a1"]) == commands

    async def test_nothing_in_a_command_can_become_another_request(self, app: ConnectApp, hardware: Hardware) -> None:
        with pytest.raises(HardwareError, match="code 401"):
            await hardware.write(Packet(b"Vibrate1?v=1&t=x HTTP/1.1\r\n\r\nGET /Vibrate1?v=20&t=f0a1 \xff"))
        assert not app.toys["f0a1"].device.packets

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            ({"status": 404}, "status 404"),
            ({"body": b'{"code": 402, "message": "toy disconnected"}'}, "code 402"),
            ({"body": b'{"code": "500"}'}, "code 500"),
        ],
    )
    async def test_a_command_that_the_app_refuses_fails(
        self, app: ConnectApp, hardware: Hardware, answer: dict[str, object], told: str
    ) -> None:
        for name, value in answer.items():
            setattr(app, name, value)
        with pytest.raises(HardwareError, match=rf"Edge did not get Vibrate1\?v=10&t=f0a1: .*{told}"):
            await hardware.write(Packet(COMMAND))

    @pytest.mark.parametrize("body", [b"", b"OK", b"{}", b'{"code": 200}', b'{"code": "200"}', b"[]", b"\xff"])
    async def test_an_answer_that_does_not_refuse_is_enough(self, app: ConnectApp, hardware: Hardware, body: bytes) -> None:
        app.body = body
        await hardware.write(Packet(COMMAND))

    @pytest.mark.parametrize("endpoint", ["rx", "generic0"])
    async def test_only_tx_is_written(self, hardware: Hardware, endpoint: str) -> None:
        with pytest.raises(HardwareError, match=endpoint):
            await hardware.write(Packet(COMMAND, endpoint))

    async def test_a_toy_does_not_notify(self, hardware: Hardware) -> None:
        with pytest.raises(HardwareError, match="sends no notifications"):
            await hardware.subscribe("rx")

    @pytest.mark.parametrize(
        ("battery", "percent"), [(0, 0), (42, 42), (100, 100), (-1, 0), (127, 100), ("42", 42), (42.7, 42)]
    )
    async def test_the_battery_is_what_the_app_said_last(
        self, app: ConnectApp, hardware: Hardware, battery: object, percent: int
    ) -> None:
        assert await hardware.read("rx") == bytes((80,))
        app.toys["f0a1"].battery = battery
        asked = len(app.asked)
        await until(lambda: len(app.asked) > asked + 2)
        assert await hardware.read("rx") == bytes((percent,))
        with pytest.raises(HardwareError, match="tx cannot be read"):
            await hardware.read("tx")


class TestToysThatFail:
    async def test_a_toy_that_the_app_lost_is_lost_once(self, app: ConnectApp, hardware: Hardware) -> None:
        reasons = losses(hardware)
        app.toys["f0a1"].status = 0
        await until(lambda: reasons)
        await asyncio.sleep(0.1)
        assert reasons == ["the app says that it is disconnected"]
        with pytest.raises(HardwareDisconnectedError):
            await hardware.write(Packet(COMMAND))

    async def test_a_toy_missing_for_three_polls_is_lost_and_for_two_it_is_not(
        self, app: ConnectApp, hardware: Hardware
    ) -> None:
        reasons = losses(hardware)
        edge = app.toys.pop("f0a1")
        asked = len(app.asked)
        await until(lambda: len(app.asked) >= asked + 2)
        app.toys["f0a1"] = edge
        await until(lambda: len(app.asked) >= asked + 5)
        assert not reasons
        del app.toys["f0a1"]
        await until(lambda: reasons)
        assert "has not listed it 3 times in a row" in reasons[0]

    @pytest.mark.parametrize("ending", ["stopped", "silent", "broken"])
    async def test_when_the_app_does_not_answer_any_more_its_toys_are_lost_once(
        self, app: ConnectApp, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, ending: str
    ) -> None:
        monkeypatch.setattr(link, "REQUEST_LIMIT", 0.05)
        monkeypatch.setattr(connect_manager, "REQUEST_LIMIT", 0.05)
        asked = len(app.asked)
        await until(lambda: len(app.asked) > asked)  # by a request that has this limit
        reasons = losses(hardware)
        endings: dict[str, Callable[[], object]] = {
            "silent": lambda: setattr(app, "silent", True),
            "broken": lambda: setattr(app, "body", b"\x00"),
        }
        if ending == "stopped":
            await app.stop()
        else:
            endings[ending]()
        await until(lambda: reasons)
        await asyncio.sleep(0.1)
        assert len(reasons) == 1
        if ending == "stopped":
            await app.start()

    async def test_a_command_to_an_app_that_is_gone_fails(self, app: ConnectApp, hardware: Hardware) -> None:
        await app.stop()
        with pytest.raises(HardwareError, match=r"Edge did not get .* cannot be reached"):
            await hardware.write(Packet(COMMAND))
        await app.start()

    async def test_a_command_that_is_never_answered_is_bounded_told_and_hurts_nobody_else(
        self, app: ConnectApp, hardware: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert link.REQUEST_LIMIT == 3
        monkeypatch.setattr(link, "REQUEST_LIMIT", 0.3)
        monkeypatch.setattr(connect_manager, "REQUEST_LIMIT", 0.3)
        other_app = ConnectApp()
        other_app.toys["b2"] = toy("Max", "b2")
        async with other_app.running():
            manager = LovenseConnectManager([other_app.host])
            findings = Findings(manager)
            await manager.start_scanning()
            other = await (await findings.one()).connect([SPECIFIER])
            app.silent = True
            started = time.monotonic()
            stuck = asyncio.create_task(hardware.write(Packet(COMMAND)))
            assert await writes_meanwhile(stuck, other, Packet(b"AirAuto?v=1&t=b2")) > 2
            with pytest.raises(HardwareTimeoutError, match=r"did not answer within 0\.3 s"):
                await stuck
            assert 0.25 < time.monotonic() - started < 2
            await manager.close()

    async def test_back_again_it_is_found_at_its_address_without_a_scan_and_works(
        self, app: ConnectApp, hardware: Hardware, findings: Findings, manager: LovenseConnectManager
    ) -> None:
        await manager.stop_scanning()
        await lose_and_bring_back(app, hardware, findings)
        back = await (await findings.one()).connect([SPECIFIER])
        assert back.address == hardware.address
        await back.write(Packet(COMMAND))
        assert packets(app.toys["f0a1"]) == [COMMAND]

    async def test_back_again_and_not_ready_it_is_found_until_it_is(
        self, app: ConnectApp, hardware: Hardware, findings: Findings, manager: LovenseConnectManager
    ) -> None:
        await manager.stop_scanning()
        await lose_and_bring_back(app, hardware, findings)
        for refusal in ("it did not become ready", "it did not become ready", None):
            findings.latest.clear()
            back = await (await findings.one()).connect([SPECIFIER])
            back.refusal = refusal
            await back.disconnect()
        findings.latest.clear()
        await asyncio.sleep(0.3)
        assert findings.latest == {}

    @pytest.mark.parametrize("battery", [None, "", "full", "nan", "1e999", "9" * 5000, [80], {"level": 80}])
    async def test_a_battery_that_the_app_does_not_tell_costs_no_toy_and_is_not_empty(
        self, app: ConnectApp, hardware: Hardware, battery: object
    ) -> None:
        app.toys["f0a1"].battery = battery
        asked = len(app.asked)
        await until(lambda: len(app.asked) > asked + 5)
        assert hardware.connected
        with pytest.raises(HardwareError, match="does not tell its battery level"):
            await hardware.read("rx")

    @pytest.mark.parametrize(
        "body",
        [b"[" * 100_000, b'{"data": {"\xff": {}}}', b'{"data": {"f0a1": {"id": "\xff"}}}', b'{"code": "\xff"}'],
        ids=range(4),
    )
    async def test_toys_of_an_app_that_says_nonsense_do_not_stay_connected(
        self, app: ConnectApp, hardware: Hardware, body: bytes
    ) -> None:
        reasons = losses(hardware)
        app.body = body
        await until(lambda: reasons)
        assert "has not listed it 3 times in a row" in reasons[0]

    async def test_of_an_endless_list_a_bounded_number_is_looked_at_and_what_is_connected_is_among_it(
        self, app: ConnectApp, hardware: Hardware, findings: Findings, caplog: pytest.LogCaptureFixture
    ) -> None:
        own = app.toys.pop("f0a1")
        app.extra = {
            f"t{n}": {"id": f"t{n}", "name": "Lush", "status": 1, "version": "", "battery": 80} for n in range(16_000)
        }
        app.extra["f0a1"] = {"id": "f0a1", "name": own.device.name, "status": 1, "battery": 7}
        asked = len(app.asked)
        await until(lambda: len(app.asked) > asked + 5)
        assert len(findings.latest) <= link.MAX_TOYS + 1
        assert hardware.connected
        assert await hardware.read("rx") == b"\x07"
        assert len(caplog.records) == 1
        assert "lists more than 64 toys" in caplog.text

    async def test_of_two_toys_with_one_id_the_second_is_refused_aloud(
        self, app: ConnectApp, hardware: Hardware, findings: Findings, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.extra = {"other": {"id": "f0a1", "name": "Lush", "status": 0}}
        asked = len(app.asked)
        await until(lambda: len(app.asked) > asked + 3)
        assert hardware.connected
        assert [record.getMessage() for record in caplog.records if "two toys with the id f0a1" in record.getMessage()]

    async def test_only_some_of_what_is_not_understood_is_told(
        self, app: ConnectApp, findings: Findings, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.extra = {f"\x1b[2J{n}" + "x" * 1000: 1 for n in range(50)}
        await until(lambda: len(app.asked) >= 3)
        assert len(caplog.records) == 1
        assert len(caplog.records[0].getMessage()) < 1000
        assert caplog.records[0].getMessage().isprintable()


class TestCommandsThatWereGivenUp:
    """Every command is a request of its own, so an older one may arrive behind a stop."""

    @pytest.fixture
    async def client(self, app: ConnectApp) -> AsyncIterator[ButtplugClient]:
        async with served(LovenseConnectManager([app.host])) as client:
            yield client
            for event in app.late.values():
                event.set()

    @pytest.fixture
    async def driven(self, app: ConnectApp, client: ButtplugClient) -> tuple[ButtplugDevice, asyncio.Task[None]]:
        """A toy, and a command to it that does not arrive for now."""
        app.late["/Vibrate1?v=20&t=f0a1"] = asyncio.Event()
        (device,) = client.devices.values()
        command = asyncio.ensure_future(device.run_output(DeviceOutputCommand(OutputType.VIBRATE, 20)))
        await until(lambda: "/Vibrate1?v=20&t=f0a1" in app.asked)
        return device, command

    async def test_a_stop_overtakes_a_command_that_is_slow_and_is_answered_when_it_cannot_be_undone(
        self, app: ConnectApp, driven: tuple[ButtplugDevice, asyncio.Task[None]]
    ) -> None:
        device, command = driven
        stop = asyncio.ensure_future(device.stop())
        async with asyncio.timeout(1):
            await until(lambda: b"Vibrate1?v=0&t=f0a1" in packets(app.toys["f0a1"]))
            await command
        await asyncio.sleep(0.1)
        assert not stop.done()
        app.late["/Vibrate1?v=20&t=f0a1"].set()
        async with asyncio.timeout(1):
            await stop
        arrived = packets(app.toys["f0a1"])
        assert b"Vibrate1?v=20&t=f0a1" in arrived
        assert arrived[-2:] == [b"Vibrate1?v=0&t=f0a1", b"Vibrate2?v=0&t=f0a1"]

    async def test_a_stop_that_may_still_be_undone_is_not_said_to_be_certain_and_is_repeated_all_the_same(
        self, app: ConnectApp, driven: tuple[ButtplugDevice, asyncio.Task[None]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(owed, "SETTLE_LIMIT", 0.1)
        device, _ = driven
        with pytest.raises(ButtplugDeviceError, match="not certain"):
            await device.stop()
        app.late["/Vibrate1?v=20&t=f0a1"].set()
        await until(lambda: b"Vibrate1?v=20&t=f0a1" in packets(app.toys["f0a1"]))
        await until(lambda: packets(app.toys["f0a1"])[-1] == b"Vibrate2?v=0&t=f0a1")
        assert packets(app.toys["f0a1"])[-2] == b"Vibrate1?v=0&t=f0a1"

    async def test_a_command_that_took_too_long_and_arrives_behind_a_newer_one_is_overwritten(
        self,
        app: ConnectApp,
        driven: tuple[ButtplugDevice, asyncio.Task[None]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(link, "REQUEST_LIMIT", 0.1)
        app.late["/Vibrate1?v=15&t=f0a1"] = asyncio.Event()
        device, command = driven
        command.cancel()
        await asyncio.sleep(0)
        slow = asyncio.ensure_future(device.run_output(DeviceOutputCommand(OutputType.VIBRATE, 15)))
        app.late["/Vibrate1?v=20&t=f0a1"].set()
        with pytest.raises(ButtplugDeviceError, match="did not answer within"):
            await slow
        monkeypatch.setattr(link, "REQUEST_LIMIT", 3.0)
        await device.run_output(DeviceOutputCommand(OutputType.VIBRATE, 5))
        app.late["/Vibrate1?v=15&t=f0a1"].set()
        await until(lambda: b"Vibrate1?v=15&t=f0a1" in packets(app.toys["f0a1"]))
        await until(lambda: packets(app.toys["f0a1"])[-2] == b"Vibrate1?v=5&t=f0a1")

    async def test_one_that_is_never_answered_is_listened_to_for_so_long_and_then_taken_not_to_arrive(
        self, app: ConnectApp, hardware: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link, "REQUEST_LIMIT", 0.05)
        monkeypatch.setattr(link, "LANDING_LIMIT", 0.3)
        app.late["/Vibrate?v=1"] = asyncio.Event()
        with pytest.raises(HardwareTimeoutError):
            await hardware.write(Packet(b"Vibrate?v=1"))
        settled = hardware.settled()
        assert settled is not None
        async with asyncio.timeout(5):
            await asyncio.wait([settled])
        assert hardware.settled() is None
        app.late["/Vibrate?v=1"].set()

    async def test_only_so_many_are_listened_to(
        self, app: ConnectApp, hardware: Hardware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert isinstance(hardware, link.LovenseConnectHardware)
        monkeypatch.setattr(link, "REQUEST_LIMIT", 0.02)
        monkeypatch.setattr(given_up, "MAX_GIVEN_UP", 3)
        app.late["/Vibrate?v=1"] = asyncio.Event()
        for _ in range(8):
            with pytest.raises(HardwareTimeoutError):
                await hardware.write(Packet(b"Vibrate?v=1"))
        await until(lambda: len(hardware._given_up._requests) == 3)
        app.late["/Vibrate?v=1"].set()
        await until(lambda: hardware.settled() is None)

    async def test_a_toy_that_goes_meanwhile_ends_the_waiting(
        self, app: ConnectApp, client: ButtplugClient, driven: tuple[ButtplugDevice, asyncio.Task[None]]
    ) -> None:
        device, _ = driven
        stop = asyncio.ensure_future(device.stop())
        await until(lambda: b"Vibrate1?v=0&t=f0a1" in packets(app.toys["f0a1"]))
        app.toys["f0a1"].status = False
        with pytest.raises(ButtplugDeviceError, match="disconnected"):
            await stop
        await until(lambda: not client.devices)

    async def test_a_command_that_arrives_when_its_toy_was_lost_and_is_back_is_stopped(
        self, app: ConnectApp, client: ButtplugClient, driven: tuple[ButtplugDevice, asyncio.Task[None]]
    ) -> None:
        _, command = driven
        toy = app.toys["f0a1"]
        toy.status = False
        with pytest.raises(ButtplugDeviceError, match="disconnected"):
            await command
        await until(lambda: not client.devices)
        toy.status = True
        await until(lambda: client.devices and packets(toy)[-1:] == [b"Vibrate2?v=0&t=f0a1"])
        app.late["/Vibrate1?v=20&t=f0a1"].set()
        await until(lambda: b"Vibrate1?v=20&t=f0a1" in packets(toy))
        await until(lambda: packets(toy)[-2:] == [b"Vibrate1?v=0&t=f0a1", b"Vibrate2?v=0&t=f0a1"])

    async def test_a_fault_in_an_answer_that_came_too_late_is_logged_once(
        self, app: ConnectApp, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        came = asyncio.Event()
        real = get

        async def late(url: str, limit: float) -> Answer:
            if "Vibrate" not in url:
                return await real(url, limit)
            await came.wait()
            raise RuntimeError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr(link, "REQUEST_LIMIT", 0.05)
            patch.setattr(link, "get", late)
            with pytest.raises(HardwareTimeoutError):
                await hardware.write(Packet(COMMAND))
        assert faults(caplog) == []
        came.set()
        await until(lambda: faults(caplog))
        assert faults(caplog) == ["a fault of ours"]
        assert hardware.settled() is None
        await hardware.write(Packet(COMMAND))


class TestDiscovery:
    @pytest.fixture
    def maker(self, app: ConnectApp, monkeypatch: pytest.MonkeyPatch) -> ConnectApp:
        """The maker's server; here the app itself answers for it."""
        monkeypatch.setattr(connect_manager, "DISCOVERY_URL", f"http://{app.host}/api/lan/getToys")
        return app

    @pytest.mark.parametrize("as_text", [False, True])
    async def test_apps_are_found_by_the_makers_server_when_it_may_be_asked(self, maker: ConnectApp, as_text: bool) -> None:
        port: object = str(maker.port) if as_text else maker.port
        maker.apps = {"127-0-0-1.lovense.club": {"domain": "127-0-0-1.lovense.club", "httpPort": port, "wsPort": 1}}
        manager = LovenseConnectManager(discover=True)
        await manager.open()
        findings = Findings(manager)
        await manager.start_scanning()
        hardware = await (await findings.one()).connect([SPECIFIER])
        await hardware.write(Packet(COMMAND))
        await asyncio.sleep(0.15)
        assert maker.asked.count("/api/lan/getToys") == 1
        await manager.close()
        assert not hardware.connected

    async def test_the_makers_server_may_know_another_app_than_the_one_that_is_named(self, maker: ConnectApp) -> None:
        maker.apps = {"127-0-0-1.x": {"httpPort": maker.port}}
        named = ConnectApp()
        named.toys = {"f0a2": toy("Nora", "f0a2")}
        async with named.running():
            manager = LovenseConnectManager([named.host], discover=True)
            await manager.open()
            findings = Findings(manager)
            await manager.start_scanning()
            await until(lambda: findings.latest.keys() == {"f0a1", "f0a2"})
            await asyncio.sleep(0.15)
            assert maker.asked.count("/api/lan/getToys") == 1
            report = await manager.check()
            assert (report.ok, set(report.summary.split(", "))) == (True, {"Nora", "Edge"})
            await manager.close()

    async def test_the_makers_server_is_not_asked_otherwise(self, maker: ConnectApp, findings: Findings) -> None:
        await findings.one()
        await asyncio.sleep(0.15)
        assert "/api/lan/getToys" not in maker.asked

    async def test_an_app_it_told_that_is_gone_is_forgotten_and_asked_for_again(self, maker: ConnectApp) -> None:
        gone = ConnectApp()
        async with gone.running():
            pass
        maker.apps = {"127-0-0-1.x": {"httpPort": gone.port}}
        manager = LovenseConnectManager(discover=True)
        findings = Findings(manager)
        await manager.start_scanning()
        await asyncio.sleep(0.05)
        maker.apps = {"127-0-0-1.x": {"httpPort": maker.port}}
        await findings.one()
        await manager.close()

    @pytest.mark.parametrize(
        "apps",
        [
            [],
            "none",
            {"127-0-0-1.x": {}},
            {"127-0-0-1.x": {"httpPort": "many"}},
            {"example.org": {"httpPort": 1}},
            {"127-0-0-1.x": 5},
        ],
    )
    async def test_an_answer_that_is_not_understood_is_told_once_and_the_scan_goes_on(
        self, maker: ConnectApp, caplog: pytest.LogCaptureFixture, apps: object
    ) -> None:
        maker.apps = apps
        manager = LovenseConnectManager(discover=True)
        await manager.start_scanning()
        await until(lambda: len(maker.asked) >= 3)
        assert manager.scanning
        await manager.close()
        assert len(caplog.records) == 1
        assert "is not understood" in caplog.text

    async def test_what_is_not_in_this_network_is_not_talked_to(
        self, maker: ConnectApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        maker.apps = {"8-8-8-8.lovense.club": {"httpPort": 80}, "192-168-0-11.lovense.club": {"httpPort": 34567}}
        assert await connect_manager.discover_apps() == ["http://192.168.0.11:34567"]
        maker.status = 503
        with pytest.raises(HardwareError, match="status 503"):
            await connect_manager.discover_apps()


class TestAServer:
    async def test_a_toy_lives_a_whole_life(self, app: ConnectApp) -> None:
        app.toys = {"f0a1": toy("Max", status=False)}

        def hang() -> None:
            app.holds = True

        def unplug() -> None:
            app.toys["f0a1"].status = False

        def plug_in() -> None:
            app.toys["f0a1"].status = True
            app.holds = False

        vibrate, constrict = (partial(DeviceOutputCommand, kind) for kind in (OutputType.VIBRATE, OutputType.CONSTRICT))
        halt = [Packet(b"Vibrate1?v=0&t=f0a1"), Packet(b"AirAuto?v=0&t=f0a1")]
        story = Story(
            name="Lovense Max",
            hand_shake=[],
            outputs=[
                Driven(0, vibrate(10), [Packet(b"Vibrate1?v=10&t=f0a1")]),
                Driven(1, constrict(3), [Packet(b"AirAuto?v=3&t=f0a1")]),
                Driven(0, vibrate(0), [Packet(b"Vibrate1?v=0&t=f0a1")]),
            ],
            halted=halt,
            returned=halt,
            driven_again=[Packet(b"Vibrate1?v=10&t=f0a1")],
            halted_again=halt,
            battery=0.8,
        )
        device = app.toys["f0a1"].device
        await tell(story, Stage(LovenseConnectManager([app.host]), device, hold=hang, unplug=unplug, plug_in=plug_in))


class TestTheBus:
    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("192.168.0.11", "http://192.168.0.11:34567"),
            ("192.168.0.11:20010", "http://192.168.0.11:20010"),
            ("phone.local", "http://phone.local:34567"),
            ("[fe80::1]:80", "http://[fe80::1]:80"),
        ],
    )
    def test_a_host_may_have_a_port(self, host: str, url: str) -> None:
        assert connect_manager.url_of(host) == url

    @pytest.mark.parametrize("host", ["", "phone:http", "phone:99999", "http://phone", "phone/x", ":80", "[fe80"])
    async def test_what_is_no_host_disables_the_bus(self, host: str) -> None:
        manager = LovenseConnectManager([host])
        with pytest.raises(BusUnavailableError, match="is no host or host:port"):
            await manager.open()
        assert not (await manager.check()).ok

    async def test_without_any_app_to_ask_the_bus_is_disabled_and_says_what_to_do(self) -> None:
        with pytest.raises(BusUnavailableError, match="give the address that the Lovense Connect app shows"):
            await LovenseConnectManager().open()
        report = await LovenseConnectManager().check()
        assert not report.ok
        assert "give the address" in str(report.remedy)

    async def test_closing_the_bus_lets_go_of_its_toys(
        self, app: ConnectApp, hardware: Hardware, manager: LovenseConnectManager
    ) -> None:
        reasons = losses(hardware)
        await manager.close()
        await manager.close()
        assert reasons == ["the server closed it"]
        assert not manager.scanning
        await asyncio.sleep(0.02)  # for what was on its way
        asked = len(app.asked)
        await asyncio.sleep(0.1)
        assert len(app.asked) == asked

    async def test_a_check_tells_what_is_there(self, app: ConnectApp) -> None:
        app.toys["b2"] = toy("Max", "b2", status=0)
        report = await LovenseConnectManager([app.host]).check()
        assert (report.ok, report.summary) == (True, "Edge")
        app.toys.clear()
        assert (await LovenseConnectManager([app.host]).check()).summary == "no toys"

    async def test_a_check_tells_every_problem(self, app: ConnectApp) -> None:
        app.extra["odd"] = 1
        gone = ConnectApp()
        async with gone.running():
            pass
        report = await LovenseConnectManager([gone.host, app.host]).check()
        assert not report.ok
        assert "toy odd" in report.summary
        assert f"{gone.host} cannot be reached" in report.summary
        assert "start the Lovense Connect app" in str(report.remedy)


class _Recorded(list[str]):
    """A list that notes when something is added."""

    def __init__(self, times: list[float]) -> None:
        super().__init__()
        self._times = times

    def append(self, path: str) -> None:
        self._times.append(time.monotonic())
        super().append(path)
