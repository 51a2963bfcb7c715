"""Whom the port for devices lets in, and what strangers and broken devices can do at most there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidStatus

from buttplug.core.listening import admission, connection
from buttplug.core.listening.connection import MAX_UNREAD
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import BusUnavailableError
from buttplug.hardware.websocket import WebsocketManager, WebsocketSpecifier, link
from buttplug.hardware.websocket.manager import MAX_FRAME
from buttplug.server.buses import make_bus, make_buses
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program.options import parse
from buttplug.server.program.tls import server_tls
from tests.fakes.websocket_device import WebsocketDevice
from tests.hardware.helpers import Findings, losses, until
from tests.server.wire import CLOSE, PING, TEXT, UPGRADE, frame

pytestmark = pytest.mark.real_time

TOKEN = "correct-horse+battery/staple=="
HELLO = '{"identifier": "DIY", "address": "d1", "version": 0}'


@pytest.fixture
def options() -> dict[str, Any]:
    """What the bus is made with."""
    return {}


@pytest.fixture
async def manager(options: dict[str, Any]) -> AsyncIterator[WebsocketManager]:
    manager = WebsocketManager(port=0, **options)
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
def findings(manager: WebsocketManager) -> Findings:
    return Findings(manager)


async def is_let_in(manager: WebsocketManager, tls: ssl.SSLContext | None = None, *, query: str = "", **headers: str) -> bool:
    device = WebsocketDevice(manager.port, headers=headers, query=query, tls=tls)
    try:
        async with device:
            return True
    except InvalidStatus as refusal:
        assert refusal.response.status_code in (401, 403, 421)
        return False


class TestAccess:
    @pytest.mark.parametrize("origin", ["null", "file://evil.com", "http://[::1]evil.com", "chrome-extension://localhost"])
    async def test_pages_that_only_look_like_this_machine_and_pages_without_an_origin_may_not_be_devices(
        self, manager: WebsocketManager, origin: str
    ) -> None:
        assert not await is_let_in(manager, Origin=origin)

    async def test_microcontrollers_that_claim_to_be_a_file_may(self, manager: WebsocketManager) -> None:
        assert await is_let_in(manager, Origin="file://")

    @pytest.mark.parametrize("options", [{"allow_origins": ["null", "https://toys.example"]}])
    async def test_origins_that_are_allowed_for_clients_are_for_devices(self, manager: WebsocketManager) -> None:
        assert await is_let_in(manager, Origin="null")
        assert await is_let_in(manager, Origin="https://toys.example")
        assert not await is_let_in(manager, Origin="https://toys.example.evil.com")

    async def test_a_page_whose_name_was_made_to_lead_here_is_refused(self, manager: WebsocketManager) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", manager.port)
        writer.write(UPGRADE.replace(b"Host: ", b"Host: evil.com\r\nX-Host: "))
        assert b" 421 " in await reader.readline()
        writer.close()

    @pytest.mark.parametrize("options", [{"token": TOKEN}])
    async def test_with_a_token_only_devices_that_show_it_are_let_in(self, manager: WebsocketManager) -> None:
        assert not await is_let_in(manager)
        assert not await is_let_in(manager, query="?token=wrong")
        assert await is_let_in(manager, query=f"?token={TOKEN}")
        assert await is_let_in(manager, Authorization=f"Bearer {TOKEN}")

    async def test_thousands_of_origins_fill_no_log(
        self, manager: WebsocketManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", 10_000)
        for number in range(200):
            assert not await is_let_in(manager, Origin=f"https://{number}.evil.com")
        assert 0 < len(caplog.records) < 50

    async def test_dozens_of_devices_that_nobody_wants_fill_no_log_and_can_forge_no_line_of_it(
        self, manager: WebsocketManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", 10_000)
        manager.on_found = lambda discovery: discovery.refused("no protocol knows it")
        for number in range(60):
            async with WebsocketDevice(manager.port, identifier="\u202e\u2028", address=f"{number}\u2028") as device:
                await asyncio.wait_for(device.ended.wait(), 5)
            assert (device.close_code, device.close_reason) == (1008, "no protocol knows it")
        assert 0 < len(caplog.records) < 50
        assert all(record.getMessage().isprintable() for record in caplog.records)

    def test_the_options_of_the_program_hold_for_devices_too(self) -> None:
        options = parse(["--allow-origin", "null", "--token-file", "t", "--use-device-websocket-server"], {})
        manager = make_bus("device-websocket-server", options, DeviceConfiguration.load(), TOKEN)
        assert isinstance(manager, WebsocketManager)
        assert manager.access.refusal("/", Headers(Host="localhost"), local_address="127.0.0.1") is not None
        headers = Headers(Host="localhost", Origin="null", Authorization=f"Bearer {TOKEN}")
        assert manager.access.refusal("/", headers, local_address="127.0.0.1") is None

    async def test_devices_come_by_tls_only_where_that_was_asked_for(self, certificate: tuple[Path, Path]) -> None:
        words = [
            "--use-device-websocket-server",
            "--device-ws-port=0",
            f"--tls-cert={certificate[0]}",
            f"--tls-key={certificate[1]}",
        ]
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        for switch, tls in ([], None), (["--device-ws-tls"], trusting):
            options = parse([*words, *switch], {})
            (manager,) = make_buses(options, DeviceConfiguration.load(), None, server_tls(*certificate))
            assert isinstance(manager, WebsocketManager)
            await manager.open()
            assert await is_let_in(manager, tls)
            await manager.close()

    async def test_a_port_that_the_whole_network_reaches_needs_a_token_or_a_word_that_none_is_wanted(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(BusUnavailableError, match=r"choose a token .*without_token=True"):
            await WebsocketManager("0.0.0.0", 0).open()
        assert caplog.text == ""
        manager = WebsocketManager("0.0.0.0", 0, without_token=True)
        await manager.open()
        await manager.close()
        assert "of the whole network are let in" in caplog.text

    async def test_a_token_that_others_in_the_network_can_read_is_warned_of(
        self, certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        for host, tls in (("127.0.0.1", None), ("0.0.0.0", server_tls(*certificate)), ("0.0.0.0", None)):
            assert "unencrypted" not in caplog.text
            manager = WebsocketManager(host, 0, token=TOKEN, tls=tls)
            await manager.open()
            await manager.close()
        assert "send the token unencrypted" in caplog.text
        assert TOKEN not in caplog.text

    async def test_over_tls_everything_is_asked_as_well_and_plain_devices_are_not_let_in(
        self, certificate: tuple[Path, Path]
    ) -> None:
        manager = WebsocketManager(port=0, token=TOKEN, tls=server_tls(*certificate))
        findings = Findings(manager)
        await manager.open()
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        assert not await is_let_in(manager, trusting)
        assert not await is_let_in(manager, trusting, query=f"?token={TOKEN}", Origin="null")
        with pytest.raises((InvalidHandshake, OSError)):
            await is_let_in(manager, query=f"?token={TOKEN}")
        async with WebsocketDevice(manager.port, query=f"?token={TOKEN}", tls=trusting) as device:
            hardware = await (await findings.one()).connect([WebsocketSpecifier("DIY")])
            await hardware.write(Packet(b"go", response=True))
            assert device.frames == [b"go"]
        await manager.close()

    async def test_a_connection_that_begins_no_tls_is_ended_in_time(
        self, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("buttplug.hardware.websocket.manager.UPGRADE_LIMIT", 0.1)
        manager = WebsocketManager(port=0, tls=server_tls(*certificate))
        await manager.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", manager.port)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        await manager.close()


class Bare:
    """A device without a websocket library: it answers no pings and closes nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def pause(self) -> None:
        """Read nothing any more."""
        cast(asyncio.Transport, self.writer.transport).pause_reading()


@pytest.fixture
async def bare(manager: WebsocketManager) -> AsyncIterator[Bare]:
    """One that has said who it is, with small buffers."""
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", manager.port))
        plain.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=plain.dup())
    writer.write(UPGRADE + frame(HELLO, TEXT))
    yield Bare(reader, writer)
    writer.transport.abort()


@pytest.fixture
async def hardware(bare: Bare, findings: Findings) -> Hardware:
    return await (await findings.one()).connect([WebsocketSpecifier("DIY")])


class TestDevicesThatMisbehave:
    @pytest.mark.parametrize("end", [frame("", CLOSE), b"\xff\xff\xff\xff"], ids=["closing frame", "broken protocol"])
    async def test_one_that_can_be_told_nothing_any_more_is_lost_at_once_although_it_keeps_the_connection_open(
        self, bare: Bare, hardware: Hardware, end: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "CLOSE_LIMIT", 1.0)
        monkeypatch.setattr(link, "WRITE_LIMIT", 10.0)
        reasons = losses(hardware)
        writing = asyncio.ensure_future(hardware.write(Packet(b"x")))
        await asyncio.sleep(0.01)
        bare.writer.write(end)
        await until(lambda: reasons)
        assert not writing.done(), "the connection is there yet"
        async with asyncio.timeout(5):
            await asyncio.wait([writing])
        assert writing.exception() is not None
        assert reasons[0].startswith("its connection ended: ")

    async def test_one_that_sends_a_frame_over_the_limit_is_closed_as_too_big(
        self, manager: WebsocketManager, findings: Findings
    ) -> None:
        async with WebsocketDevice(manager.port) as device:
            hardware = await (await findings.one()).connect([WebsocketSpecifier("DIY")])
            heard: list[int] = []
            hardware.on_notification(lambda notification: heard.append(len(notification.data)))
            reasons = losses(hardware)
            await device.send(b"x" * MAX_FRAME)
            await until(lambda: heard)
            await device.send(b"x" * (MAX_FRAME + 1))
            await until(lambda: reasons)
            await asyncio.wait_for(device.ended.wait(), 5)
        assert heard == [MAX_FRAME]
        assert device.close_code == 1009

    async def test_what_it_says_of_its_end_can_forge_no_line_of_a_log(self, bare: Bare, hardware: Hardware) -> None:
        reasons = losses(hardware)
        bare.writer.write(frame("\x03\xe8 all is well\n\x1b[2J", CLOSE))
        await until(lambda: reasons)
        assert reasons[0].isprintable()

    async def test_pings_whose_answers_nobody_reads_do_not_fill_the_memory(
        self, manager: WebsocketManager, bare: Bare, hardware: Hardware, caplog: pytest.LogCaptureFixture
    ) -> None:
        reasons = losses(hardware)
        bare.pause()
        sent = 0
        async with asyncio.timeout(20):
            while not reasons:
                bare.writer.write(frame("x" * 125, PING) * 500)
                sent += 500 * 125
                with contextlib.suppress(ConnectionError):
                    await bare.writer.drain()
                await asyncio.sleep(0)
        assert "unread and is cut off" in caplog.text
        assert sent < 40 * MAX_UNREAD, "the buffers of the system included"

    async def test_one_that_floods_the_server_lets_others_have_their_turn(
        self, manager: WebsocketManager, bare: Bare, hardware: Hardware
    ) -> None:
        async def flood() -> None:
            while True:
                bare.writer.write(frame("", TEXT) * 2000)
                await bare.writer.drain()

        flooding = asyncio.ensure_future(flood())
        worked = []
        for _ in range(100):
            began = time.thread_time()
            await asyncio.sleep(0.001)
            worked.append(time.thread_time() - began)
        flooding.cancel()
        assert sorted(worked)[90] < 0.02

    async def test_more_strangers_than_are_allowed_push_out_the_oldest_and_keep_no_device_out(
        self, manager: WebsocketManager, findings: Findings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", 10_000)
        monkeypatch.setattr(admission, "MAX_STRANGERS", 10)
        silent = [await asyncio.open_connection("127.0.0.1", manager.port) for _ in range(30)]
        async with WebsocketDevice(manager.port):
            await findings.one()
        ended = [reader.at_eof() for reader, _ in silent]
        assert sum(ended) >= 20
        for _, writer in silent:
            writer.transport.abort()
