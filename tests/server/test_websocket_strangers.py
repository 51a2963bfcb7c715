"""Connections that do not shake hands: they take no client's place, and there are not many of them for long."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import Callable
from functools import partial

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidMessage

from buttplug.core.listening import admission
from buttplug.core.listening.admission import (
    CONNECTS_AT_ONCE,
    CONNECTS_PER_SECOND,
    MAX_STRANGER_BYTES,
    MAX_STRANGERS,
    Admission,
)
from buttplug.server import connection, conversation, websocket
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.fault_log import faults
from tests.server.conftest import Listen
from tests.server.wire import HELLO, PING, UPGRADE, Place, ask, close_code, frame, hear, until

pytestmark = pytest.mark.real_time

HERE = "127.0.0.1"
OLD = '[{"RequestServerInfo":{"Id":1,"ClientName":"old game","MessageVersion":%d}}]'
NEWER = '[{"RequestServerInfo":{"Id":1,"ClientName":"new game","ProtocolVersionMajor":9}}]'


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give strangers a third of a second."""
    for module in (connection, conversation, websocket):
        monkeypatch.setattr(module, "HANDSHAKE_LIMIT", 0.3)


async def is_served(place: Place) -> bool:
    wire = await place.connect("client")
    answer = await ask(wire, '[{"Ping":{"Id":9}}]')
    await wire.close()
    return answer == ("Ok", {"Id": 9})


@pytest.mark.parametrize("says", [None, NEWER, '[{"Ping":{"Id":5}}]', "garbage"])
async def test_strangers_take_no_place_of_a_client(listen: Listen, says: str | None) -> None:
    place = await listen(max_clients=2)
    strangers = [await place.connect(None) for _ in range(20)]
    for stranger in strangers if says else ():
        await stranger.send(says or "")
    assert await is_served(place)
    for stranger in strangers:
        await stranger.close()


@pytest.mark.usefixtures("short_limit")
@pytest.mark.parametrize("says", [None, '[{"Ping":{"Id":5}}]', "garbage", ""])
async def test_who_does_not_shake_hands_in_time_is_told_and_closed(place: Place, says: str | None) -> None:
    began = asyncio.get_running_loop().time()
    stranger = await place.connect(None)
    if says is not None:
        await stranger.send(says)
    assert await close_code(stranger) == (1008, "no RequestServerInfo within 0.3 s")
    assert asyncio.get_running_loop().time() - began < 3
    assert place.house.server.sessions == set()


@pytest.mark.usefixtures("short_limit")
async def test_what_a_stranger_goes_on_saying_does_not_give_it_more_time(place: Place) -> None:
    stranger = await place.connect(None)
    with contextlib.suppress(ConnectionClosed):
        for _ in range(1000):
            await stranger.send('[{"Ping":{"Id":5}}]')
            await asyncio.sleep(0.01)
    # What it was told may be lost behind what it goes on saying.
    assert (await close_code(stranger))[0] in (1008, 1006)


@pytest.mark.usefixtures("short_limit")
@pytest.mark.parametrize("first", [b"", b"GET / HTT", UPGRADE[:-2], b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50])
async def test_a_connection_that_sends_no_whole_request_is_ended_in_time(place: Place, first: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    place.writers.append(writer)
    writer.write(first)
    async with asyncio.timeout(3):
        await reader.read()


@pytest.mark.usefixtures("short_limit")
async def test_a_client_has_all_the_time_it_wants_after_its_handshake(place: Place) -> None:
    wire = await place.connect("patient")
    await asyncio.sleep(0.5)
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


async def test_a_refused_client_is_closed_but_not_at_once_and_may_try_again_on_the_same_connection(place: Place) -> None:
    wire = await place.connect(None)
    for _ in range(5):
        name, body = await ask(wire, NEWER)
        assert (name, body["ErrorCode"]) == ("Error", 1)
        await asyncio.sleep(0.1)
    assert wire.close_code is None
    assert (await ask(wire, HELLO % "now"))[0] == "ServerInfo"
    await wire.close()


async def test_of_too_many_strangers_those_go_that_were_silent_for_longest_and_a_client_is_served(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", 10_000)
    monkeypatch.setattr(admission, "PATIENCE", 0.0)
    client = await place.connect("before them")
    silent: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for _ in range(3 * MAX_STRANGERS):
        silent.append(await asyncio.open_connection("127.0.0.1", place.port))
        place.writers.append(silent[-1][1])
    assert await is_served(place)
    assert len(place.listener._admission._strangers) <= MAX_STRANGERS
    async with asyncio.timeout(5):
        for reader, _ in silent[:MAX_STRANGERS]:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
    assert not any(reader.at_eof() for reader, _ in silent[-5:])
    assert await ask(client, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings.count(f"more than {MAX_STRANGERS} connections that do not shake hands: as many as come are dropped") == 1
    await client.close()


async def test_a_page_that_opens_hundreds_of_sockets_keeps_no_client_from_being_served(place: Place) -> None:
    async def open_one() -> ClientConnection | None:
        try:
            return await place.connect(None, origin="http://localhost", open_timeout=20)
        except (OSError, InvalidMessage, EOFError):
            return None

    client = await place.connect("before them")
    page = asyncio.gather(*(open_one() for _ in range(300)))
    times = []
    loop = asyncio.get_running_loop()
    while not page.done():
        began = loop.time()
        assert await ask(client, '[{"StopCmd":{"Id":9}}]') == ("Ok", {"Id": 9})
        times.append(loop.time() - began)
        await asyncio.sleep(0.01)
    assert max(times) < 1.0
    assert await is_served(place)
    opened = [wire for wire in await page if wire is not None]
    assert len(opened) >= MAX_STRANGERS - 1
    assert sum(wire.close_code is None for wire in opened) <= MAX_STRANGERS
    for wire in [*opened, client]:
        wire.transport.abort()


@pytest.mark.parametrize(
    "content",
    [
        frame('[{"Ping":{"Id":1}}]') * 4000,
        frame(f'[{{"RequestServerInfo":{{"Id":1,"ClientName":"{"x" * MAX_STRANGER_BYTES}"}}}}]'),
        frame("", PING) * 12_000,
    ],
    ids=["messages", "one message", "pings"],
)
async def test_a_stranger_may_not_send_much(place: Place, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    place.writers.append(writer)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(content)
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(1 << 16):
                pass
    assert "a connection sent more than 65536 bytes without a handshake and is cut off" in caplog.text
    await until(lambda: not place.house.server.sessions)


async def test_strangers_that_ping_and_go_fill_no_log_and_hold_up_nobody(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    client = await place.connect("before them")
    worked: list[float] = []
    flood = UPGRADE + frame("", PING) * 9000
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(flood)
        place.writers.append(writer)
    for writer in place.writers * 2:
        began = time.thread_time()
        assert await ask(client, '[{"StopCmd":{"Id":9}}]') == ("Ok", {"Id": 9})
        worked.append(time.thread_time() - began)
        await asyncio.sleep(0.005)
        writer.transport.abort()
    assert sorted(worked)[-3] < 0.05, "seconds of the processor until a stop is answered"
    assert [record for record in caplog.records if record.name == "asyncio"] == []
    await client.close()


async def test_a_connection_whose_address_the_system_does_not_tell_is_no_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def is_gone(self: socket.socket) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    port = place.port
    monkeypatch.setattr(socket.socket, "getsockname", is_gone, raising=False)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    place.writers.append(writer)
    writer.write(UPGRADE)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    monkeypatch.undo()
    assert faults(caplog) == []
    assert await is_served(place)


async def test_a_client_may_send_much(place: Place) -> None:
    wire = await place.connect("talkative")
    for _ in range(20):
        await wire.send('[{"Ping":{"Id":9,"X":"%s"}}]' % ("x" * 10_000))
        assert await hear(wire) == ("Ok", {"Id": 9})
    await wire.close()


# Connects per second


class Arrivals:
    """Connections that come at once and say something, and when each is served, by its number."""

    def __init__(self, count: int) -> None:
        self.served: dict[int, float] = {}
        self.dropped: set[int] = set()
        self.here = Admission()
        for number in range(count):
            self.here.arrived(number, HERE, partial(self.dropped.add, number))
            self.here.said(number, partial(self._serve, number))

    def _serve(self, number: int) -> None:
        self.served[number] = asyncio.get_running_loop().time()


@pytest.mark.parametrize("count", [CONNECTS_AT_ONCE, CONNECTS_AT_ONCE + 30])
def test_connects_beyond_so_many_are_served_one_after_the_other(count: int) -> None:
    async def arrive() -> tuple[float, Arrivals]:
        now = asyncio.get_running_loop().time()
        arrivals = Arrivals(count)
        await asyncio.sleep(5)
        return now, arrivals

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        began, arrivals = runner.run(arrive())
    assert list(arrivals.served) == list(range(count))
    times = [at - began for at in arrivals.served.values()]
    assert times[:CONNECTS_AT_ONCE] == pytest.approx([0] * CONNECTS_AT_ONCE, abs=0.02)
    assert times[CONNECTS_AT_ONCE:] == pytest.approx(
        [number / CONNECTS_PER_SECOND for number in range(1, count - CONNECTS_AT_ONCE + 1)], abs=0.02
    )


def test_of_too_many_connects_none_waits_for_longer_than_those_that_there_may_be() -> None:
    async def arrive() -> Arrivals:
        arrivals = Arrivals(1000)
        await asyncio.sleep(5)
        return arrivals

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        arrivals = runner.run(arrive())
    # Of the first ones some are dropped once they are served.
    assert len(arrivals.dropped) == 1000 - MAX_STRANGERS
    assert set(range(CONNECTS_AT_ONCE)) | set(range(1000)) - arrivals.dropped == set(arrivals.served)
    assert max(arrivals.served.values()) < MAX_STRANGERS / CONNECTS_PER_SECOND + 0.02


# Who is dropped


async def dropped_of(*strangers: tuple[str, float]) -> list[int]:
    """Let as many come as there may be, each from an address and silent for so many seconds, and one more; who is dropped?"""
    here, dropped = Admission(), list[int]()
    now = asyncio.get_running_loop().time()
    for number, (source, silence) in sorted(enumerate(strangers), key=lambda each: -each[1][1]):
        await asyncio.sleep(max(now + 10 - silence - asyncio.get_running_loop().time(), 0))
        here.arrived(number, source, partial(dropped.append, number))
    await asyncio.sleep(max(now + 10 - asyncio.get_running_loop().time(), 0))
    here.arrived(-1, "another", partial(dropped.append, -1))
    return dropped


ALONE, MANY = "192.168.0.2", "192.168.0.3"


@pytest.mark.parametrize(
    ("strangers", "dropped"),
    [
        ([(HERE, 1.0)] * 10 + [(HERE, 2.0)] + [(HERE, 1.0)] * 53, 10),
        ([(ALONE, 5.0)] + [(MANY, 1.0)] * 30 + [(MANY, 2.0)] + [(MANY, 1.0)] * 32, 31),
        ([(f"192.168.0.{number}", 1.0 + number / 100) for number in range(64)], 63),
    ],
    ids=["one address", "an address with many", "an address each"],
)
def test_who_is_silent_for_longest_goes_first_of_the_address_that_has_the_most(
    strangers: list[tuple[str, float]], dropped: int
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(dropped_of(*strangers)) == [dropped]


class Flood:
    """500 connects a second for five seconds, and a newcomer each tenth of a second that means it, all of one address."""

    def __init__(self, *, speaks: bool) -> None:
        """``speaks``: each of the flood says at once what a newcomer says, and nothing after that."""
        self.speaks = speaks
        self.here = Admission()
        self.gone: set[int] = set()
        self.let_in: set[int] = set()

    async def run(self) -> float:
        """Return the share of the newcomers that were let in."""
        newcomers = range(0, 2500, 50)
        for number in range(2500):
            self.here.arrived(number, HERE, partial(self.gone.add, number))
            if number in newcomers:
                self._later(0.005, number, self._request)
            elif self.speaks:
                self._later(0.001, number, lambda number: self.here.said(number, lambda: None))
            await asyncio.sleep(1 / 500)
        await asyncio.sleep(1)
        return len(self.let_in) / len(newcomers)

    def _later(self, seconds: float, number: int, act: Callable[[int], object]) -> None:
        asyncio.get_running_loop().call_later(seconds, lambda: number in self.gone or act(number))

    def _request(self, number: int) -> None:
        self.here.said(number, partial(self._later, 0.03, number, self._hello))

    def _hello(self, number: int) -> None:
        self.here.said(number, partial(self._let_in, number))

    def _let_in(self, number: int) -> None:
        self.let_in.add(number)
        self.here.left(number)


@pytest.mark.parametrize(("speaks", "share"), [(False, 0.9), (True, 0.02)])
def test_a_newcomer_is_let_in_during_a_flood(speaks: bool, share: float) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(Flood(speaks=speaks).run()) >= share


@pytest.mark.parametrize("first", [b"\0", b"get / HTTP/1.1\r\n", b"GET" * 20, b"\x16\x04\x01", HELLO.encode()])
async def test_what_cannot_be_a_request_takes_nobodys_turn(
    place: Place, first: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", 1)
    monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", 0.01)
    for _ in range(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        place.writers.append(writer)
        writer.write(first)
        async with asyncio.timeout(5):
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.endswith(b"no request for one.\n")
    async with asyncio.timeout(5):
        assert await is_served(place)
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == ["a connection sent something else than a request and is cut off"]


async def test_a_client_that_connects_over_and_over_is_served_each_time_but_not_faster(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "CONNECTS_AT_ONCE", 5)
    monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", 20)
    began = asyncio.get_running_loop().time()
    for _ in range(15):
        assert await is_served(place)
    assert asyncio.get_running_loop().time() - began >= 0.4
