"""Devices that connect by themselves: real websockets on the loopback interface."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import pytest
from websockets.exceptions import InvalidStatus

from buttplug import ButtplugClient, ButtplugDevice, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.bluetooth import BluetoothSpecifier
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.websocket import WebsocketAdvertisement, WebsocketManager, WebsocketSpecifier, link, peer
from buttplug.hardware.websocket import manager as websocket_manager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.protocols.peers.lovense import prepare
from buttplug.server.protocols.tcode_v03 import TcodeV03
from tests.fakes.fault_log import faults
from tests.fakes.websocket_device import WebsocketDevice, WebsocketToy
from tests.hardware.documentation import example
from tests.hardware.helpers import losses, until, writes_meanwhile
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = pytest.mark.real_time

SPECIFIER = WebsocketSpecifier("DIY")


class Found(asyncio.Queue[Discovery]):
    """What a manager found, in the order it came."""

    async def next(self) -> Discovery:
        async with asyncio.timeout(5):
            return await self.get()

    async def connect(self) -> Hardware:
        return await (await self.next()).connect([SPECIFIER])


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[WebsocketManager, Found]]:
    manager, found = WebsocketManager(port=0), Found()
    manager.on_found = found.put_nowait
    await manager.open()
    yield manager, found
    await manager.close()


@pytest.fixture
async def both() -> AsyncIterator[tuple[WebsocketManager, Found]]:
    async with listening() as both:
        yield both


@pytest.fixture
def manager(both: tuple[WebsocketManager, Found]) -> WebsocketManager:
    return both[0]


@pytest.fixture
def found(both: tuple[WebsocketManager, Found]) -> Found:
    return both[1]


async def ended(device: WebsocketDevice) -> tuple[int | None, str | None]:
    async with asyncio.timeout(5):
        await device.ended.wait()
    return device.close_code, device.close_reason


async def all_gone(manager: WebsocketManager) -> None:
    async with asyncio.timeout(1):
        while "0 connected" not in (await manager.check()).summary:
            await asyncio.sleep(0.005)


def hello(**changes: object) -> str:
    frame = {"identifier": "DIY", "address": "d1", "version": 0} | changes
    return json.dumps({key: value for key, value in frame.items() if value is not None})


class TestHello:
    async def test_a_device_that_says_hello_is_found_without_a_scan(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port, hello(identifier="LVS-Z001", address="8A3D9FAC2A45", extra=[1, {}])):
            discovery = await found.next()
        assert discovery.advertisement == WebsocketAdvertisement("LVS-Z001")
        assert (discovery.name, discovery.address) == ("Websocket device LVS-Z001", "8A3D9FAC2A45")

    async def test_a_scan_is_never_on_so_that_scans_of_other_buses_can_finish(self, manager: WebsocketManager) -> None:
        await manager.start_scanning()
        assert not manager.scanning
        await manager.stop_scanning()
        assert not manager.scanning

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            (hello().encode(), "must be text"),
            ("LVS-Z001", "JSON is malformed"),
            ("[]", "Expected `object`"),
            ("null", "Expected `object`"),
            (hello(identifier=None), "missing required field `identifier`"),
            (hello(address=None), "missing required field `address`"),
            (hello(version=None), "missing required field `version`"),
            (hello(version=-1), "Expected `int` >= 0"),
            (hello(version=0.5), "Expected `int`"),
            (hello(version="0"), "Expected `int`"),
            (hello(version=True), "Expected `int`"),
            (hello(identifier=""), "length >= 1"),
            (hello(address=5), "Expected `str`"),
            (hello(identifier="x" * 129), "length <= 128"),
            (hello(address="x" * 513), "length <= 512"),
            (hello(identifier="a\nWARNING all is well"), "matching regex"),
            (hello(address="\x1b[2J"), "matching regex"),
            (hello() + "x", "JSON is malformed"),
            ("[" * 60_000, ""),
            ('{"identifier": "DIY", "address": "d1", "version": 0, "x": ' + "[" * 60_000, ""),
        ],
        ids=lambda value: (value if isinstance(value, str) else repr(value))[:40],
    )
    async def test_a_wrong_hello_is_answered_with_1002_and_the_reason(
        self, manager: WebsocketManager, found: Found, frame: bytes | str, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with WebsocketDevice(manager.port, frame) as device:
            code, told = await ended(device)
        assert code == 1002
        assert reason in (told or "")
        assert "refused" in caplog.text
        assert found.empty()

    async def test_silence_is_ended_with_1002(
        self, manager: WebsocketManager, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(websocket_manager, "HELLO_LIMIT", 0.05)
        async with WebsocketDevice(manager.port, "") as device:
            assert await ended(device) == (1002, "no first frame within 0.05 s")
        assert found.empty()

    async def test_leaving_before_hello_is_no_event(
        self, manager: WebsocketManager, found: Found, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with WebsocketDevice(manager.port, ""):
            pass
        await manager.close()
        assert found.empty()
        assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]

    @pytest.mark.parametrize("version", [0, 1, 7])
    async def test_the_version_says_nothing_as_for_the_existing_server(
        self, manager: WebsocketManager, found: Found, version: int
    ) -> None:
        async with WebsocketDevice(manager.port, hello(version=version)):
            assert (await found.next()).address == "d1"

    async def test_an_address_may_be_long(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port, hello(address="ä" * 512)):
            assert (await found.next()).address == "ä" * 512

    async def test_of_devices_without_an_address_there_can_be_one_of_a_kind(
        self, manager: WebsocketManager, found: Found
    ) -> None:
        async with WebsocketDevice(manager.port, hello(address="")):
            assert (await found.connect()).address == "DIY"
            async with WebsocketDevice(manager.port, hello(address="")) as second:
                assert await ended(second) == (1008, "another device has this address")

    async def test_only_so_many_devices_are_let_in(
        self, manager: WebsocketManager, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(websocket_manager, "MAX_DEVICES", 2)
        async with WebsocketDevice(manager.port, address="d1"), WebsocketDevice(manager.port, address="d2"):
            async with WebsocketDevice(manager.port, address="d3") as third:
                assert await ended(third) == (1013, "2 devices are connected already")
            assert [(await found.next()).address, (await found.next()).address] == ["d1", "d2"]

    @pytest.mark.parametrize(
        ("origin", "welcome"),
        [
            ("file://", True),
            ("http://localhost:8000", True),
            ("http://127.0.0.1", True),
            ("https://[::1]:8443", True),
            ("https://example.com", False),
            ("http://localhost.example.com", False),
            ("http://127.0.0.1.example.com", False),
            ("null", False),
            ("http://[", False),
        ],
    )
    async def test_web_pages_of_other_machines_may_not_be_devices(
        self, manager: WebsocketManager, found: Found, origin: str, welcome: bool
    ) -> None:
        device = WebsocketDevice(manager.port, headers={"Origin": origin})
        if welcome:
            async with device:
                await found.next()
        else:
            with pytest.raises(InvalidStatus, match="403"):
                await device.__aenter__()


class TestRefusing:
    async def test_an_unwanted_device_is_told_why(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            discovery = await found.next()
            discovery.refused("it is denied in the user configuration")
            discovery.refused("once more")
            assert await ended(device) == (1008, "it is denied in the user configuration")
            with pytest.raises(HardwareDisconnectedError, match=r"DIY \(d1\) is gone"):
                await discovery.connect([SPECIFIER])

    async def test_a_long_reason_is_cut_to_what_fits_a_close_frame(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            (await found.next()).refused("ä" * 100)
            assert await ended(device) == (1008, "ä" * 61)

    async def test_a_device_nobody_took_is_offered_until_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(websocket_manager, "OFFER_INTERVAL", 0.02)
        async with listening() as (manager, found), WebsocketDevice(manager.port):
            await found.next()
            await found.next()
            await found.connect()
            while not found.empty():
                found.get_nowait()
            await asyncio.sleep(0.1)
            assert found.empty()


class TestTraffic:
    async def test_packets_are_binary_frames_one_each(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            for data in (b"DeviceType;", b"", bytes(range(256))):
                await hardware.write(Packet(data))
            await until(lambda: len(device.frames) == 3)
            assert device.frames == [b"DeviceType;", b"", bytes(range(256))]

    @pytest.mark.parametrize("frame", ["Z:11:8A3D9FAC2A45;", b"Z:11:8A3D9FAC2A45;", "é", b"", b"\x00\xff"])
    async def test_frames_of_the_device_are_notifications(
        self, manager: WebsocketManager, found: Found, frame: str | bytes
    ) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            await hardware.subscribe("rx")
            with hardware.listen() as listener:
                await device.send(frame)
                data = frame.encode() if isinstance(frame, str) else frame
                assert await listener.next(2) == Notification("rx", data)
            await hardware.unsubscribe("rx")

    async def test_it_has_the_endpoints_of_the_protocol_it_stands_for(self, manager: WebsocketManager, found: Found) -> None:
        bluetooth = BluetoothSpecifier(services={"fff0": {"txmode": "fff1"}, "180f": {"rxblebattery": "2a19"}})
        async with WebsocketDevice(manager.port) as device:
            discovery = await found.next()
            hardware = await discovery.connect([bluetooth, SPECIFIER])
            assert hardware.specifier is bluetooth
            assert hardware.endpoints == {"tx", "rx", "txmode", "rxblebattery"}
            assert (hardware.name, hardware.address, hardware.message_gap) == ("DIY", "d1", 0)
            await hardware.write(Packet(b"m", endpoint="txmode"))
            await hardware.write(Packet(b"x"))
            await until(lambda: device.frames == [b"m", b"x"])
            with pytest.raises(HardwareError, match="has no endpoint generic3"):
                await hardware.write(Packet(b"x", endpoint="generic3"))
            with pytest.raises(HardwareError, match="cannot be read"):
                await hardware.read("rxblebattery")

    async def test_a_device_of_a_serial_protocol_has_tx_and_rx(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port):
            hardware = await (await found.next()).connect([SerialSpecifier("default", 115200)])
            assert {"tx", "rx"} <= hardware.endpoints

    async def test_a_connection_is_opened_once(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port):
            discovery = await found.next()
            await discovery.connect([SPECIFIER])
            with pytest.raises(HardwareError, match="in use already"):
                await discovery.connect([SPECIFIER])


class TestTheEnd:
    async def test_the_server_disconnects_with_a_closing_handshake(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            reasons = losses(hardware)
            await hardware.write(Packet(b"Vibrate:0;"))
            await hardware.disconnect()
            await hardware.disconnect()
            assert await ended(device) == (1000, "")
            assert device.frames == [b"Vibrate:0;"]
            assert reasons == ["the server closed it"]
            with pytest.raises(HardwareDisconnectedError):
                await hardware.write(Packet(b"late"))

    @pytest.mark.parametrize("end", ["close", "vanish", "break the protocol", "send too much"])
    async def test_every_end_is_told_exactly_once(self, manager: WebsocketManager, found: Found, end: str) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            reasons = losses(hardware)
            match end:
                case "close":
                    await device.connection.close()
                case "vanish":
                    device.vanish()
                case "break the protocol":
                    device.connection.transport.write(b"\xff\xff\xff\xff")
                case "send too much":
                    await device.send(b"x" * (websocket_manager.MAX_FRAME + 1))
            await until(lambda: reasons)
            await manager.close()
            assert len(reasons) == 1
            assert reasons[0].startswith("its connection ended: ")
            assert not hardware.connected

    async def test_the_largest_frame_is_taken(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            with hardware.listen() as listener:
                await device.send(b"x" * websocket_manager.MAX_FRAME)
                assert len((await listener.next(2)).data) == websocket_manager.MAX_FRAME

    async def test_a_device_that_is_gone_while_it_is_offered_cannot_be_opened(
        self, manager: WebsocketManager, found: Found
    ) -> None:
        async with WebsocketDevice(manager.port):
            discovery = await found.next()
        await all_gone(manager)
        with pytest.raises(HardwareDisconnectedError, match=r"DIY \(d1\) is gone; it has to connect again"):
            await discovery.connect([SPECIFIER])

    async def test_a_second_device_with_the_same_address_is_refused_aloud_and_the_first_goes_on(
        self, manager: WebsocketManager, found: Found, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with WebsocketDevice(manager.port) as first:
            hardware = await found.connect()
            reasons = losses(hardware)
            for address in ("d1", "d1", "d1", "D1", " d1 "):
                async with WebsocketDevice(manager.port, hello(address=address)) as second:
                    assert await ended(second) == (1008, "another device has this address")
                    assert second.frames == []
            await hardware.write(Packet(b"Vibrate:0;"))
            assert first.frames == [b"Vibrate:0;"]
            assert not reasons
            assert found.empty()
        refusals = [record for record in caplog.records if "another device has this address" in record.getMessage()]
        assert [refusal.getMessage().partition(" refused")[0] for refusal in refusals] == [
            "Websocket device DIY (d1)",
            "Websocket device DIY (D1)",
            "Websocket device DIY ( d1 )",
        ], "each spelling once"

    async def test_of_two_that_come_at_once_with_one_address_one_is_used(
        self, manager: WebsocketManager, found: Found
    ) -> None:
        async with WebsocketDevice(manager.port) as first, WebsocketDevice(manager.port) as second:
            hardware = await found.connect()
            await until(lambda: first.ended.is_set() or second.ended.is_set())
            await hardware.write(Packet(b"x"))
            assert [len(device.frames) for device in (first, second)] in ([0, 1], [1, 0])
            assert found.empty()

    async def test_a_device_that_connects_again_takes_the_place_of_its_connection_that_broke_without_a_word(
        self, manager: WebsocketManager, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(peer, "ALIVE_LIMIT", 0.1)
        async with WebsocketDevice(manager.port) as old:
            reasons = losses(await found.connect())
            old.stop_reading()
            async with WebsocketDevice(manager.port) as new:
                hardware = await found.connect()
                assert reasons == ["it did not answer, and connected again"]
                await hardware.write(Packet(b"x"))
                assert new.frames == [b"x"]
            old.vanish()

    async def test_a_device_that_does_not_become_ready_is_told_so(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            hardware.refusal = "it did not become ready: no answer"
            await hardware.disconnect()
            assert await ended(device) == (1008, "it did not become ready: no answer")

    async def test_a_half_open_connection_is_noticed_by_ping(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(websocket_manager, "PING_INTERVAL", 0.1)
        monkeypatch.setattr(link, "CLOSE_LIMIT", 0.1)
        monkeypatch.setattr(websocket_manager, "CLOSE_LIMIT", 0.1)
        async with listening() as (manager, found), WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            reasons = losses(hardware)
            await asyncio.sleep(0.4)
            assert hardware.connected, "a device that answers pings stays"
            device.stop_reading()
            await until(lambda: reasons)
            assert "ping" in reasons[0]
            device.vanish()

    async def test_a_device_that_hangs_fails_its_writes_and_hurts_nobody_else(
        self, manager: WebsocketManager, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link, "WRITE_LIMIT", 0.2)
        async with WebsocketDevice(manager.port) as stuck, WebsocketDevice(manager.port, address="d2") as other:
            first, second = await found.connect(), await found.connect()
            stuck_hardware, hardware = (first, second) if first.address == "d1" else (second, first)
            stuck.stop_reading()
            writing = asyncio.create_task(stuck_hardware.write(Packet(b"Vibrate:10;")))
            assert await writes_meanwhile(writing, hardware, Packet(b"x")) > 2
            with pytest.raises(HardwareTimeoutError, match=r"DIY did not answer within 0\.2 s"):
                await writing
            assert len(other.frames) > 2

            stuck.read_again()
            await stuck_hardware.write(Packet(b"Vibrate:0;"))
            assert stuck.frames == [b"Vibrate:10;", b"Vibrate:0;"]

    async def test_a_write_to_a_device_that_breaks_off_fails(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            device.stop_reading()
            writing = asyncio.create_task(hardware.write(Packet(b"x")))
            await asyncio.sleep(0.05)
            device.vanish()
            with pytest.raises(HardwareDisconnectedError, match="DIY was lost while writing"):
                await writing

    async def test_a_written_packet_has_arrived(self, manager: WebsocketManager, found: Found) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            for number in range(50):
                await hardware.write(Packet(b"%d" % number))
                assert device.frames[-1:] == [b"%d" % number]

    async def test_closing_a_device_that_takes_no_part_is_bounded(
        self, manager: WebsocketManager, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link, "CLOSE_LIMIT", 0.1)
        monkeypatch.setattr(websocket_manager, "CLOSE_LIMIT", 0.1)
        async with WebsocketDevice(manager.port) as device:
            hardware = await found.connect()
            device.stop_reading()
            async with asyncio.timeout(1):
                await hardware.disconnect()
            await all_gone(manager)
            device.vanish()

    async def test_closing_the_manager_disconnects_all(self, manager: WebsocketManager, found: Found) -> None:
        async with (
            WebsocketDevice(manager.port) as used,
            WebsocketDevice(manager.port, address="d2") as unused,
            WebsocketDevice(manager.port, "") as stranger,
        ):
            hardware = await found.connect()
            await found.next()
            reasons = losses(hardware)
            await manager.close()
            assert {(await ended(device))[0] for device in (used, unused, stranger)} == {1001}
            assert reasons == ["the server is shutting down"]
        await manager.close()


class TestListening:
    async def test_silent_and_broken_peers_hold_up_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(websocket_manager, "UPGRADE_LIMIT", 0.2)
        async with listening() as (manager, found):
            silent = [socket.create_connection(("127.0.0.1", manager.port)) for _ in range(20)]
            silent[0].sendall(b"GET / HTTP/1.1\r\n")
            silent[1].sendall(b"\x00\xff nonsense\r\n\r\n")
            async with WebsocketDevice(manager.port):
                hardware = await found.connect()
                await hardware.write(Packet(b"x"))
                await asyncio.sleep(0.6)
                for peer in silent:
                    peer.setblocking(False)
                    while peer.recv(4096):  # a farewell in HTTP, perhaps, and then the end
                        pass
                    peer.close()
                assert hardware.connected

    async def test_a_taken_port_is_told_with_its_number(self, manager: WebsocketManager) -> None:
        other = WebsocketManager(port=manager.port)
        report = await other.check()
        assert not report.ok
        assert f"port {manager.port}" in report.summary
        assert report.remedy
        with pytest.raises(BusUnavailableError, match=f"Port {manager.port} on 127.0.0.1 .* choose another port"):
            await other.open()
        await other.close()

    async def test_the_check_leaves_nothing_open(self) -> None:
        manager = WebsocketManager(port=0)
        report = await manager.check()
        assert report.ok
        assert "can listen" in report.summary
        await manager.open()
        assert "0 connected" in (await manager.check()).summary
        await manager.close()


async def test_a_toy_is_found_identified_driven_lost_found_again_and_stopped() -> None:
    configuration = DeviceConfiguration.load()
    configuration.add_specifier("lovense", WebsocketSpecifier("LVS-P001"))
    manager = WebsocketManager(port=0)
    toy = WebsocketToy(manager, "LVS-P001", "t1")
    prepare(toy, configuration.find("Lovense Edge"))
    vibrate = partial(DeviceOutputCommand, OutputType.VIBRATE)
    halt = [Packet(b"Vibrate1:0;"), Packet(b"Vibrate2:0;")]
    story = Story(
        name="Lovense Edge",
        hand_shake=[Packet(b"DeviceType;")],
        outputs=[
            Driven(0, vibrate(10), [Packet(b"Vibrate1:10;")]),
            Driven(1, vibrate(20), [Packet(b"Vibrate2:20;")]),
            Driven(0, vibrate(0), [Packet(b"Vibrate1:0;")]),
            Driven(1, vibrate(1), [Packet(b"Vibrate2:1;")]),
        ],
        halted=halt,
        returned=[Packet(b"DeviceType;"), *halt],
        driven_again=[Packet(b"Vibrate1:10;")],
        halted_again=halt,
        battery=0.85,
    )
    await tell(
        story,
        Stage(
            manager=manager,
            configuration=configuration,
            device=toy,
            hold=toy.hang,
            unplug=toy.unplug,
            plug_in=toy.plug_in,
        ),
    )
    await toy.gone()


@asynccontextmanager
async def driven_edge() -> AsyncIterator[tuple[WebsocketManager, WebsocketToy, ButtplugDevice]]:
    """A Lovense Edge behind a websocket, and what a client drives it by."""
    configuration = DeviceConfiguration.load()
    configuration.add_specifier("lovense", WebsocketSpecifier("LVS-P001"))
    manager = WebsocketManager(port=0)
    toy = WebsocketToy(manager, "LVS-P001", "t1")
    prepare(toy, configuration.find("Lovense Edge"))
    server = ButtplugServer(managers=[manager], configuration=configuration)
    async with server, ButtplugClient("late") as client:
        await client.connect(server)
        toy.plug_in()
        await until(lambda: client.devices)
        (device,) = client.devices.values()
        yield manager, toy, device
    await toy.gone()


async def test_a_command_that_was_cut_off_arrives_before_the_stop_and_the_stop_is_not_said_to_be_certain_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "WRITE_LIMIT", 0.1)
    async with driven_edge() as (_, toy, device):
        toy.hang()
        command = asyncio.ensure_future(device.features[0].run_output(DeviceOutputCommand(OutputType.VIBRATE, 20)))
        await asyncio.sleep(0.02)
        with pytest.raises(ButtplugDeviceError, match="could not be stopped"):
            await device.stop()
        with pytest.raises(ButtplugDeviceError, match="did not answer"):
            await command
        toy.packets.clear()
        toy.resume()
        await device.stop()
        assert toy.packets[0].data == b"Vibrate1:20;"
        assert [packet.data for packet in toy.packets][-2:] == [b"Vibrate1:0;", b"Vibrate2:0;"]


async def test_a_running_device_that_hangs_is_sent_its_stop_before_another_one_gets_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, "ALIVE_LIMIT", 0.1)
    monkeypatch.setattr(link, "WRITE_LIMIT", 60.0)
    overlooked: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: overlooked.append(context["message"]))
    async with driven_edge() as (manager, toy, device):
        await device.features[1].run_output(DeviceOutputCommand(OutputType.VIBRATE, 20))
        toy.hang()
        command = asyncio.ensure_future(device.features[0].run_output(DeviceOutputCommand(OutputType.VIBRATE, 20)))
        await asyncio.sleep(0.02)
        toy.packets.clear()
        async with WebsocketDevice(manager.port, identifier="LVS-P001", address="t1") as new:
            with pytest.raises(ButtplugDeviceError, match="Device 0"):
                await command
            await until(lambda: new.frames)
            toy.resume()
            await until(lambda: len(toy.packets) > 2)
            levels = dict(packet.data[:-1].split(b":") for packet in toy.packets)
            assert levels == {b"Vibrate1": b"0", b"Vibrate2": b"0"}
    gc.collect()
    # What the fake toy still says to a connection that is closed is its own affair.
    assert [text for text in overlooked if not text.startswith("Task")] == []


async def test_a_device_that_fails_its_hand_shake_is_closed_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def initialise(self: object, hardware: Hardware) -> None:
        raise HardwareError("its firmware is too old")

    monkeypatch.setattr(TcodeV03, "initialise", initialise)
    configuration = DeviceConfiguration.load()
    configuration.add_specifier("tcode-v03", WebsocketSpecifier("my-osr"))
    manager = WebsocketManager(port=0)
    async with (
        ButtplugServer(managers=[manager], configuration=configuration),
        WebsocketDevice(manager.port, identifier="my-osr") as device,
    ):
        assert await ended(device) == (1008, "it did not become ready: its firmware is too old")


async def test_the_documented_device_says_who_it_is_and_shows_what_it_gets(
    manager: WebsocketManager, found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {"__name__": "documentation"}
    exec(example("Devices that connect by websocket", "python"), names)
    device = cast(Callable[[str], Awaitable[None]], names["device"])
    running = asyncio.ensure_future(device(f"ws://127.0.0.1:{manager.port}"))
    discovery = await found.next()
    assert (discovery.advertisement, discovery.address) == (WebsocketAdvertisement("tcode-v03"), "my-stroker")
    hardware = await discovery.connect([SPECIFIER])
    await hardware.write(Packet(b"L0500I1000\n"))
    await hardware.disconnect()
    await running
    assert capsys.readouterr().out == "do b'L0500I1000\\n'\n"


async def test_a_fault_while_a_frame_is_handled_is_logged_once_and_costs_only_that_device(
    manager: WebsocketManager, found: Found, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(notification: Notification) -> None:
        raise RuntimeError("a fault of ours")

    async with WebsocketDevice(manager.port) as first, WebsocketDevice(manager.port, address="d2") as second:
        broken, well = await found.connect(), await found.connect()
        reasons = losses(broken)
        broken.on_notification(fails)
        await first.send("hello")
        await ended(first)
        assert reasons == ["what it sent could not be handled"]
        await until(lambda: faults(caplog))
        assert faults(caplog) == ["a fault of ours"]
        await well.write(Packet(b"go"))
        await until(lambda: second.frames == [b"go"])
