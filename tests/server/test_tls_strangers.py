"""Strangers on ports with TLS, of clients and of devices: as few as without it, and no handshake of theirs is in the way."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from buttplug.core.listening import admission
from buttplug.core.listening.admission import (
    MAX_STRANGER_BYTES,
    MAX_STRANGERS,
    Admission,
)
from buttplug.hardware.websocket import WebsocketManager
from buttplug.hardware.websocket import manager as device_port
from buttplug.server import ButtplugServer, websocket
from buttplug.server.program.tls import server_tls
from buttplug.server.websocket import WebsocketListener
from tests.fakes.fault_log import faults
from tests.server.conftest import Listen
from tests.server.wire import HELLO, PING, UPGRADE, Place, ask, close_code, frame, until

pytestmark = pytest.mark.real_time

Certificate = tuple[Path, Path]

MANY = 3 * MAX_STRANGERS
STOP = '[{"StopCmd":{"Id":9}}]'


class Port:
    """A port with TLS, and who comes to it."""

    def __init__(self, number: int, admission: Admission, trusting: ssl.SSLContext) -> None:
        self.number = number
        self.trusting = trusting
        self._admission = admission
        self.strangers: list[Stranger] = []

    @property
    def counted(self) -> int:
        return len(self._admission._strangers)

    async def stranger(self, far: str = "silent") -> Stranger:
        """Connect, and go so far."""
        stranger = Stranger(*await asyncio.open_connection("127.0.0.1", self.number), self.trusting)
        self.strangers.append(stranger)
        if far in ("done", "half a request", "a request"):
            await stranger.shake_hands()
            stranger.say(*{"done": [], "half a request": [UPGRADE[:40]], "a request": [UPGRADE]}[far])
        elif far != "silent":
            hello = stranger.hello()
            stranger.writer.write(hello if far == "hello" else hello[: len(hello) // 2])
        return stranger

    def all_go(self) -> None:
        for stranger in self.strangers:
            stranger.writer.transport.abort()


class Stranger:
    """A connection whose TLS the test speaks itself, as far as it wants to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trusting: ssl.SSLContext) -> None:
        self.reader = reader
        self.writer = writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def hello(self) -> bytes:
        """Return what a TLS handshake begins with."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._outgoing.read()

    async def shake_hands(self) -> None:
        """Do the TLS handshake; what the peer says last of it is still to be sent."""
        self.writer.write(self.hello())
        while True:
            self._incoming.write(await self.reader.read(1 << 16))
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
                return

    def say(self, *data: bytes) -> None:
        """Say something by TLS, each in a record of its own."""
        for one in data:
            self.tls.write(one)
        self.writer.write(self._outgoing.read())

    async def is_cut(self, seconds: float = 5.0) -> None:
        """Wait for the end of the connection."""
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(1 << 16):
                    pass


@pytest.fixture
def trusting(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.check_hostname = False
    return context


@pytest.fixture
async def place(listen: Listen, certificate: Certificate) -> Place:
    return await listen(tls=server_tls(*certificate))


@pytest.fixture(params=["client", "device"])
async def port(request: pytest.FixtureRequest, certificate: Certificate, trusting: ssl.SSLContext) -> AsyncIterator[Port]:
    """That of clients, and that of devices."""
    server = ButtplugServer()
    await server.open()
    opened: WebsocketListener | WebsocketManager
    if request.param == "client":
        opened = WebsocketListener(server, hosts=["127.0.0.1"], port=0, tls=server_tls(*certificate))
        await opened.open()
        number = int(opened.addresses[0].rpartition(":")[2])
    else:
        opened = WebsocketManager(port=0, tls=server_tls(*certificate))
        await opened.open()
        number = opened.port
    port = Port(number, opened._admission, trusting)
    yield port
    port.all_go()
    await server.close()
    await opened.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve any number of connections at once."""
    monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", 10_000)


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give strangers a third of a second."""
    monkeypatch.setattr(websocket, "HANDSHAKE_LIMIT", 0.3)
    monkeypatch.setattr(device_port, "UPGRADE_LIMIT", 0.3)


def open_files() -> int:
    """Return how many files and sockets this process has open, where the system says so."""
    files = Path("/proc/self/fd")
    return len(list(files.iterdir())) if files.exists() else 0


async def turns_during(asking: Awaitable[object]) -> list[float]:
    """Return the seconds of work in each turn of the event loop until there is an answer."""
    loop = asyncio.get_running_loop()
    times = [time.thread_time()]

    def note() -> None:
        times.append(time.thread_time())
        if not asked.done():
            loop.call_soon(note)

    asked = asyncio.ensure_future(asking)
    loop.call_soon(note)
    await asked
    return [after - before for before, after in itertools.pairwise(times)]


async def comes_in(port: Port) -> None:
    """Be let in by TLS, and answered."""
    wire = await connect(f"wss://127.0.0.1:{port.number}", ssl=port.trusting, proxy=None, open_timeout=5)
    assert wire.state is State.OPEN
    wire.transport.abort()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("far", "count"), [("silent", MANY), ("half a hello", MANY), ("hello", 100), ("done", 100)])
async def test_of_too_many_that_do_not_finish_as_many_go_as_come_and_others_come_in(port: Port, far: str, count: int) -> None:
    for _ in range(count):
        await port.stranger(far)
    await until(lambda: port.counted == MAX_STRANGERS)
    cut = [asyncio.ensure_future(stranger.is_cut()) for stranger in port.strangers]
    await until(lambda: sum(one.done() for one in cut) == count - MAX_STRANGERS)
    await comes_in(port)
    assert port.counted <= MAX_STRANGERS
    assert sum(not one.done() for one in cut) >= MAX_STRANGERS - 1
    port.all_go()
    await until(lambda: port.counted == 0)
    await asyncio.gather(*cut)


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("far", ["silent", "half a hello", "hello", "done", "half a request", "a request"])
async def test_who_leaves_at_whatever_point_leaves_nothing(
    port: Port, far: str, reset: bool, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = asyncio.all_tasks()
    sockets = open_files()
    stranger = await port.stranger(far)
    await until(lambda: port.counted == 1)
    await asyncio.sleep(0.02)
    if reset:
        stranger.writer.transport.abort()
    else:
        stranger.writer.close()
    await until(lambda: port.counted == 0 and asyncio.all_tasks() == tasks)
    await until(lambda: open_files() == sockets)
    assert faults(caplog) == []


@pytest.mark.parametrize("far", ["silent", "half a hello", "hello", "done", "half a request"])
async def test_who_does_not_finish_in_time_is_cut(short_limit: None, port: Port, far: str) -> None:
    await (await port.stranger(far)).is_cut(3)
    await until(lambda: port.counted == 0)


async def test_the_end_of_the_server_waits_for_no_stranger(place: Place, trusting: ssl.SSLContext) -> None:
    port = Port(place.port, place.listener._admission, trusting)
    for far in ("silent", "half a hello", "hello", "done", "half a request"):
        await port.stranger(far)
    await until(lambda: port.counted == 5)
    async with asyncio.timeout(2):
        await place.listener.close()
    for stranger in port.strangers:
        await stranger.is_cut(1)
    assert port.counted == 0
    port.all_go()


async def test_no_more_handshakes_are_begun_than_connects_are_served(
    listen: Listen, certificate: Certificate, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, in_a_second = 5, 10
    monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", at_once)
    monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", in_a_second)
    begun: list[object] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda *hello: begun.append(hello)
    place = await listen(tls=context)
    port = Port(place.port, place.listener._admission, trusting)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(MAX_STRANGERS):
        await port.stranger("hello")
    await until(lambda: len(begun) >= at_once)
    assert len(begun) <= at_once + (loop.time() - began) * in_a_second + 1
    port.all_go()


@pytest.mark.usefixtures("at_once")
async def test_handshakes_that_all_come_at_once_do_not_hold_up_a_stop(place: Place, trusting: ssl.SSLContext) -> None:
    client = await place.connect("before them", ssl=trusting)
    port = Port(place.port, place.listener._admission, trusting)
    for _ in range(MAX_STRANGERS):
        await port.stranger()
    await until(lambda: port.counted == MAX_STRANGERS)
    hellos = [stranger.hello() for stranger in port.strangers]
    for stranger, hello in zip(port.strangers, hellos, strict=True):
        stranger.writer.write(hello)
    turns = await turns_during(ask(client, STOP))
    assert sum(turns) < MAX_STRANGERS * 0.001, "less than they all would have taken"
    port.all_go()
    await until(lambda: port.counted == 0)
    again = await place.connect("after them", ssl=trusting)
    await again.close()
    await client.close()


async def test_records_of_one_byte_do_not_hold_up_the_others(place: Place, trusting: ssl.SSLContext) -> None:
    port = Port(place.port, place.listener._admission, trusting)
    other = await place.connect("other", ssl=trusting)
    flooder = await port.stranger("a request")
    flooder.say(frame(HELLO % "flooder"))
    await until(lambda: len(place.house.server.sessions) == 2)
    flood = frame(" " * 60_000)
    flooder.say(*(flood[at : at + 1] for at in range(len(flood))))
    turns = [turn for _ in range(30) for turn in await turns_during(ask(other, STOP))]
    assert sorted(turns)[-3] < 0.015
    port.all_go()
    await other.close()


async def test_a_stranger_may_send_no_more_by_tls_than_without_it(
    place: Place, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    port = Port(place.port, place.listener._admission, trusting)
    stranger = await port.stranger("a request")
    stranger.say(*[frame("", PING)] * (MAX_STRANGER_BYTES // 20))
    await stranger.is_cut()
    assert f"a connection sent more than {MAX_STRANGER_BYTES} bytes without a handshake and is cut off" in caplog.text
    port.all_go()


@pytest.mark.parametrize("first", [b"\0", b"get / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x03\x01"])
async def test_what_begins_neither_tls_nor_a_request_is_cut_and_logged(
    port: Port, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = await port.stranger()
    stranger.writer.write(first)
    await stranger.is_cut()
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == ["a connection sent something else than a request and is cut off"]


async def test_long_messages_come_and_go_by_tls_and_too_long_ones_are_refused_with_a_reason(
    place: Place, trusting: ssl.SSLContext
) -> None:
    client = await place.connect("talkative", ssl=trusting)
    for size in (10_000, 60_000, 1_000_000):
        assert (await ask(client, '[{"Ping":{"Id":9,"X":"%s"}}]' % ("x" * size)))[0] in ("Ok", "Error")
    with contextlib.suppress(ConnectionClosed):
        await client.send("x" * 3_000_000)
    assert (await close_code(client))[0] == 1009


async def test_what_strangers_send_fills_no_log(
    port: Port, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    hello = (await port.stranger()).hello()
    for sent in (
        UPGRADE,
        hello.replace(b"localhost", b"local\xff\xfe\xfdt"),
        hello[:200] + bytes(400),
        b"\x15\x03\x01\x00\x02\x02\x30",
        b"\0" * 600,
    ):
        for _ in range(12):
            stranger = await port.stranger()
            stranger.writer.write(sent)
            stranger.writer.write_eof()
    for stranger in port.strangers[1:]:
        await stranger.is_cut()
    assert lost == []
    assert faults(caplog) == []
    told = [record.getMessage() for record in caplog.records]
    assert len(told) <= 5, told
    assert any("it spoke plain HTTP" in line for line in told)
