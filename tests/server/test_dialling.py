"""A server that connects to an app: the app is the client, its end stops the devices, and the server comes back, in time."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from buttplug.core.listening.connection import SMALL_READ
from buttplug.server import dialling
from buttplug.server.connection import DialledConnection
from buttplug.server.dialling import FIRST_DELAY, JITTER, LONGEST_DELAY, WebsocketDialler
from tests.fakes.fault_log import faults
from tests.server.conftest import BuildHouse, House
from tests.server.wire import HELLO, VIBRATE

STOPPED = [b"\xf1\x40", b"\xf1\x00"]


class App:
    """An app that waits for servers; each connection is one of ``connections``, in order."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.headers: list[str | None] = []
        self.server: Server | None = None
        self.port = 0

    async def open(self, **options: Any) -> None:
        self.server = await serve(self._serve, "127.0.0.1", self.port, **options)
        self.port = next(iter(self.server.sockets)).getsockname()[1]

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()
            self.server = None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.append(connection.request.headers.get("Authorization"))
        self.connections.put_nowait(connection)
        await connection.wait_closed()

    async def connection(self) -> ServerConnection:
        """Return the next connection of a server."""
        async with asyncio.timeout(10):
            return await self.connections.get()

    async def driving(self) -> ServerConnection:
        """Return the next connection, with the session begun and its device running."""
        connection = await self.connection()
        await connection.send(HELLO % "app")
        assert "ServerInfo" in str(await connection.recv())
        await connection.send(VIBRATE)
        while '"Ok"' not in str(await connection.recv()):
            pass
        return connection


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    yield app
    await app.close()


Dial = Callable[..., Awaitable[House]]


@pytest.fixture
async def dial(build: BuildHouse, app: App, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dial]:
    """Builds a house that connects to the app, impatiently."""
    monkeypatch.setattr(dialling, "FIRST_DELAY", 0.05)
    diallers: list[WebsocketDialler] = []

    async def dial_app(scheme: str = "ws", host: str = "127.0.0.1", **options: Any) -> House:
        house = await build("aneros")
        diallers.append(WebsocketDialler(house.server, f"{scheme}://{host}:{app.port}", **options))
        diallers[-1].open()
        return house

    yield dial_app
    for dialler in diallers:
        await dialler.close()


async def sent(house: House, packets: Sequence[bytes]) -> None:
    """Wait until the device was sent these packets to its first motor."""
    async with asyncio.timeout(5):
        while [packet for packet in house.sent() if packet[0] == 0xF1] != packets:
            await asyncio.sleep(0.01)


@pytest.mark.real_time
async def test_the_app_speaks_first_and_drives_the_devices(app: App, dial: Dial) -> None:
    await app.open()
    house = await dial()
    connection = await app.connection()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connection.recv()
    await connection.send(HELLO % "app")
    assert "ServerInfo" in str(await connection.recv())
    assert [session.client_name for session in house.server.sessions] == ["app"]


@pytest.mark.real_time
@pytest.mark.parametrize("how", ["close", "abort", "shut down"])
async def test_when_the_app_goes_its_devices_stop_and_the_server_comes_back(app: App, dial: Dial, how: str) -> None:
    await app.open()
    house = await dial()
    connection = await app.driving()
    if how == "close":
        await connection.close()
    elif how == "abort":
        connection.transport.abort()
    else:
        await app.close()
        await asyncio.sleep(0.2)
        await app.open()
    await sent(house, STOPPED)
    house.simulated[0].packets.clear()
    await app.driving()
    await sent(house, STOPPED[:1])


@pytest.mark.real_time
async def test_an_app_may_take_its_time_before_it_begins(app: App, dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("connection", "conversation"):
        monkeypatch.setattr(f"buttplug.server.{module}.HANDSHAKE_LIMIT", 0.05)
    await app.open()
    await dial()
    connection = await app.connection()
    await asyncio.sleep(0.3)
    await connection.send(HELLO % "app")
    assert "ServerInfo" in str(await connection.recv())
    assert app.connections.empty()


@pytest.mark.real_time
async def test_a_server_that_shuts_down_stops_the_devices_and_tells_the_app(app: App, dial: Dial) -> None:
    await app.open()
    house = await dial()
    connection = await app.driving()
    assert await house.server.close() == []
    await sent(house, STOPPED)
    with pytest.raises(ConnectionClosed):
        while True:
            await connection.recv()
    assert (connection.close_code, connection.close_reason) == (1001, "the server is shutting down")


@pytest.mark.real_time
async def test_headers_are_sent_and_a_name_is_looked_up(app: App, dial: Dial) -> None:
    await app.open()
    await dial(host="localhost", headers=[("Authorization", "Bearer 123")])
    await app.connection()
    assert app.headers == ["Bearer 123"]


@pytest.mark.real_time
async def test_an_app_may_have_a_certificate_that_is_trusted_for_it_alone(
    app: App, dial: Dial, certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(*certificate)
    await app.open(ssl=own)
    await dial("wss", tls=ssl.create_default_context(cafile=str(certificate[0])))
    await app.driving()
    await dial("wss")
    async with asyncio.timeout(5):
        while "certificate verify failed" not in caplog.text.lower():
            await asyncio.sleep(0.01)


@pytest.mark.real_time
@pytest.mark.parametrize("flood", [b"\x81\x01 ", b"\x89\x00"], ids=["frames", "pings"])
async def test_an_app_that_floods_the_server_holds_up_nobody(
    app: App, dial: Dial, monkeypatch: pytest.MonkeyPatch, flood: bytes
) -> None:
    turn, read = 0, Counter[int]()
    buffer_updated = DialledConnection.buffer_updated
    protocol: asyncio.BaseProtocol | None = None

    def noted(self: DialledConnection, nbytes: int) -> None:
        nonlocal protocol
        protocol = self.transport.get_protocol()
        read[turn] += nbytes
        buffer_updated(self, nbytes)

    await app.open()
    house = await dial()
    connection = await app.driving()
    monkeypatch.setattr(DialledConnection, "buffer_updated", noted)
    turns: list[float] = []
    connection.transport.write(flood * 40_000)
    while read.total() < len(flood) * 40_000:
        turn += 1
        began = time.thread_time()
        await asyncio.sleep(0)
        turns.append(time.thread_time() - began)
    assert max(read.values()) <= SMALL_READ, "bytes read in one turn of the event loop"
    assert not isinstance(protocol, asyncio.Protocol), "uvloop would read more, and hand it on"
    assert max(turns) < sum(turns) / 10, "seconds of the processor in one turn, of those for the whole flood"
    connection.transport.abort()
    async with asyncio.timeout(5):
        while house.sent() != STOPPED:
            await asyncio.sleep(0.01)


@pytest.mark.real_time
async def test_each_change_is_told_once(app: App, dial: Dial, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "buttplug.server.dialling")
    await app.open()
    await app.close()
    await dial()
    await asyncio.sleep(0.5)
    await app.open()
    connection = await app.connection()
    await app.close()
    await connection.wait_closed()
    url = f"ws://127.0.0.1:{app.port}"
    refused = f"{url} cannot be connected to: "
    async with asyncio.timeout(5):
        while len(told(caplog)) < 4:
            await asyncio.sleep(0.01)
    first, *rest = told(caplog)
    assert first.startswith(refused)
    assert rest[:2] == [f"connected to {url}", f"the connection to {url} has ended; connecting again"]
    assert rest[2].startswith(refused)


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.real_time
async def test_a_token_for_the_app_is_in_no_log_however_much_is_logged(
    app: App, build: BuildHouse, caplog: pytest.LogCaptureFixture, is_there: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    await app.open()
    if not is_there:
        await app.close()
    house = await build("aneros")
    address = f"ws://name:word-2@127.0.0.1:{app.port}/path?token=word-1"
    dialler = WebsocketDialler(house.server, address, headers=[("X-Token", "word-3")])
    dialler.open()
    async with asyncio.timeout(5):
        while not told(caplog):
            await asyncio.sleep(0.01)
    await dialler.close()
    assert f"ws://127.0.0.1:{app.port}/path" in caplog.text
    client_log = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert [text for text in client_log if "word-" in text] == []


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "buttplug.server.dialling"]


async def test_the_pauses_grow_to_half_a_minute(build: BuildHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []

    async def addresses(url: str) -> list[str]:
        times.append(asyncio.get_running_loop().time())
        return []

    monkeypatch.setattr(dialling, "_addresses", addresses)
    house = await build("aneros")
    dialler = WebsocketDialler(house.server, "ws://nowhere.invalid:1")
    dialler.open()
    await asyncio.sleep(300)
    await dialler.close()
    pauses = [after - before for before, after in pairwise(times)]
    wanted = [min(FIRST_DELAY * 2**number, LONGEST_DELAY) for number in range(len(pauses))]
    assert len(pauses) > 12
    assert all(want * (1 - JITTER) <= pause <= want * (1 + JITTER) for pause, want in zip(pauses, wanted, strict=True))
    assert len(set(pauses[-4:])) == 4


async def test_only_a_connection_that_lasted_makes_the_next_pause_short(
    build: BuildHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []
    lasting = [0.0] * 5 + [60.0, 0.0]

    async def connect(dialler: WebsocketDialler) -> object:
        times.append(asyncio.get_running_loop().time())
        return object()

    async def hold(dialler: WebsocketDialler, connection: object) -> float:
        seconds = lasting.pop(0) if lasting else 0.0
        await asyncio.sleep(seconds)
        return seconds

    monkeypatch.setattr(WebsocketDialler, "_connect", connect)
    monkeypatch.setattr(WebsocketDialler, "_serve", hold)
    monkeypatch.setattr(dialling, "JITTER", 0.0)
    house = await build("aneros")
    dialler = WebsocketDialler(house.server, "ws://app.invalid:1")
    dialler.open()
    await asyncio.sleep(90)
    await dialler.close()
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[:7] == pytest.approx([0.5, 1, 2, 4, 8, 60.5, 1])


@pytest.mark.real_time
async def test_a_fault_while_connecting_is_logged_once_and_it_goes_on_trying(
    app: App, dial: Dial, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = 0

    async def fails(*_: object, **__: object) -> None:
        nonlocal times
        times += 1
        raise RuntimeError("a fault of ours")

    await app.open()
    with monkeypatch.context() as patch:
        patch.setattr(dialling, "dial", fails)
        await dial()
        async with asyncio.timeout(5):
            while times < 3:
                await asyncio.sleep(0.01)
    assert faults(caplog) == ["a fault of ours"]
    await app.driving()
