"""Whom the REST interface lets in, and what strangers, slow ones and floods can do to it: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import socket
import time
from collections import Counter

import pytest
from aiohttp.web_protocol import RequestHandler

from buttplug.core.listening.admission import MAX_STRANGER_BYTES
from buttplug.core.listening.backlog import ACCEPTED_A_TURN
from buttplug.server.rest import connection
from buttplug.server.rest.connection import MAX_CONNECTIONS, PIECE, READ_A_TURN
from tests.server.rest.conftest import Serve, Site, parse, request_of
from tests.server.wire import until

pytestmark = pytest.mark.real_time

TOKEN = "correct-horse"
STOP = request_of("POST", "/devices/stop")
BOMB = gzip.compress(b"\0" * 50_000_000)[:60_000]
DRIVE = "/devices/0/features/0/outputs/Vibrate/0.5"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Origin: https://evil.example"], 403),
        (["Origin: null"], 403),
        (["Origin: http://localhost:1", "Origin: https://evil.example"], 400),
        (["Host: evil.example"], 421),
        (["Sec-Fetch-Site: cross-site"], 403),
    ],
)
async def test_pages_of_other_sites_are_refused(site: Site, headers: list[str], status: int) -> None:
    for answer in (await site.post(DRIVE, *headers), await site.get("/start-scanning", *headers)):
        assert (answer.status, answer.body["error"]["class"]) == (status, "INIT")
        assert "access-control-allow-origin" not in answer.headers
    assert site.house.sent() == []
    assert not site.house.manager.scanning


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://good.example"])
async def test_pages_that_are_let_in_may_read_the_answers(serve: Serve, origin: str) -> None:
    site = await serve(allow_origins=("https://good.example",))
    answer = await site.post(DRIVE, f"Origin: {origin}")
    assert (answer.status, answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (200, origin, "Origin")


async def test_with_a_token_every_request_has_to_show_it(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    site = await serve(token=TOKEN)
    for answer in (
        await site.post(DRIVE),
        await site.post(f"{DRIVE}?token=wrong-horse"),
        await site.get("/events"),
        await site.post(DRIVE, "Authorization: Bearer wrong-horse"),
    ):
        assert (answer.status, answer.body["error"]["class"]) == (401, "INIT")
    assert site.house.sent() == []
    assert (await site.post(DRIVE, "Authorization: Bearer correct-horse")).status == 200
    assert (await site.post(f"{DRIVE}?token=correct-horse&lease=100")).status == 200
    assert f"POST /api/v1{DRIVE}: 200" in caplog.text
    assert "horse" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /api/v1/devices HTTP/9.9\r\n\r\n",
        b"POST /api/v1/devices/0/outputs/Vibrate/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/devices/0/outputs/Vibrate/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\nA: " + b"b" * 9000 + b"\r\n\r\n",
        b"GET /api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: b\r\n" * 9000 + b"\r\n",
        b"GET /api/v1/devices/%ff%00%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/v1/devices?\xff\xfe=%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://evil.example/api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=range(13),
)
async def test_bytes_that_are_no_request_get_an_error_or_the_end_and_harm_nobody(
    site: Site, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await site.raw(sent)
    if answer:
        assert 400 <= parse(answer).status < 500
        assert set(parse(answer).body["error"]) == {"class", "message", "device", "feature"}
    assert site.house.sent() == []
    assert (await site.post(DRIVE)).status == 200
    assert "Traceback" not in caplog.text


async def test_a_body_is_not_looked_at_and_a_long_one_cuts_the_connection(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    length = f"Content-Length: {MAX_STRANGER_BYTES * 2}"
    assert parse(await site.raw(request_of("POST", DRIVE, "Content-Length: 2") + b"{}")).status == 200
    _, writer = await site.open(request_of("POST", DRIVE, length))
    writer.write(b"x" * MAX_STRANGER_BYTES)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"x" * 100)
                await writer.drain()
                await asyncio.sleep(0.01)
    assert f"a request of more than {MAX_STRANGER_BYTES} bytes and is cut off" in caplog.text
    assert (await site.post("/devices/stop")).status == 200


async def test_a_connection_makes_one_request_so_that_none_waits_behind_another(site: Site) -> None:
    answer = await site.raw(request_of("GET", "/devices") * 50)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert parse(answer).headers["connection"] == "close"


async def test_who_does_not_make_a_request_in_time_is_dropped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_LIMIT", 0.2)
    reader, writer = await site.open(b"POST /api/v1/devices/stop HTTP/1.1\r\n")

    async def trickle() -> None:
        while True:
            writer.write(b"A: b\r\n")
            await asyncio.sleep(0.02)

    trickling = asyncio.ensure_future(trickle())
    async with asyncio.timeout(2):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    trickling.cancel()


async def test_of_too_many_connections_the_oldest_without_a_request_go_and_a_stop_gets_in(site: Site) -> None:
    events = await site.events()
    await events.next()
    for _ in range(MAX_CONNECTIONS + 5):
        await site.open()
    await until(lambda: len(site.listener._connections._open) == MAX_CONNECTIONS)
    assert parse(await site.raw(STOP)).status == 200
    # The stream had made its request.
    await site.post("/start-scanning")
    await site.post("/stop-scanning")
    assert (await events.next())["type"] == "ScanningFinished"


async def test_a_stream_that_is_never_read_is_cut_off_and_keeps_nobody_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_LIMIT", 0.2)
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", site.port))
        plain.sendall(request_of("GET", "/events"))
        events = site.listener._devices.events
        await until(lambda: events._streams)
        async with asyncio.timeout(20):
            while events._streams:
                events.tell("InputReading", text="x" * 20_000)
                await asyncio.sleep(0.001)
    assert (await site.post("/devices/stop")).status == 200


async def test_an_answer_that_is_never_read_does_not_keep_its_connection(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALL_LIMIT", 0.2)
    _, writer = await site.open(request_of("GET", "/devices"))
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: not site.listener._connections._open)


async def test_closing_ends_streams_and_connections_at_once(site: Site) -> None:
    events = await site.events()
    await events.next()
    reader, _ = await site.open()
    async with asyncio.timeout(1):
        await site.listener.close()
        await events.reader.read()
        with contextlib.suppress(ConnectionError):
            await reader.read()


async def test_of_many_requests_at_once_few_are_read_in_a_turn_of_the_event_loop_and_all_are_answered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = 0
    read: Counter[int] = Counter()
    original = RequestHandler.data_received

    def count_turns() -> None:
        nonlocal turn
        turn += 1
        asyncio.get_running_loop().call_soon(count_turns)

    def data_received(self: RequestHandler, data: bytes) -> None:
        read[turn] += 1
        original(self, data)

    monkeypatch.setattr(RequestHandler, "data_received", data_received)
    opened = [await site.open() for _ in range(40)]
    count_turns()
    for _, writer in opened:
        writer.write(request_of("GET", "/devices"))
    answers = await asyncio.gather(*(reader.read() for reader, _ in opened))
    assert {parse(answer).status for answer in answers} == {200}
    assert sum(read.values()) == 40
    # What was left of one turn may be used in the next.
    assert max(read.values()) <= 2 * READ_A_TURN


async def test_a_stop_goes_ahead_of_all_requests_that_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    data_received = RequestHandler.data_received

    def noted(self: RequestHandler, data: bytes) -> None:
        read.append(data)
        data_received(self, data)

    connections = [await site.open() for _ in range(41)]
    monkeypatch.setattr(RequestHandler, "data_received", noted)
    for _, writer in connections[:-1]:
        writer.write(request_of("GET", "/devices"))
    connections[-1][1].write(STOP)
    answers = await asyncio.gather(*(reader.read() for reader, _ in connections))
    assert {parse(answer).status for answer in answers} == {200}
    assert read.index(STOP) <= 2 * READ_A_TURN


async def test_of_connections_that_were_dropped_none_waits_for_its_turn(site: Site) -> None:
    waiting = site.listener._connections._stops_to_read
    longest = 0
    with contextlib.ExitStack() as sockets:
        for _ in range(MAX_CONNECTIONS):
            for _ in range(ACCEPTED_A_TURN):
                stranger = sockets.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=5))
                stranger.sendall(STOP)
            await asyncio.sleep(0)
            longest = max(longest, len(waiting))
    assert 0 < longest <= MAX_CONNECTIONS


async def test_a_flood_of_stops_keeps_out_nobody_who_sets_a_level(site: Site) -> None:
    is_over = False

    async def flood() -> None:
        while not is_over:
            await site.raw(STOP)

    async with asyncio.TaskGroup() as floods:
        for _ in range(40):
            floods.create_task(flood())
        try:
            await asyncio.sleep(0.2)
            answer = await site.post(DRIVE)
        finally:
            is_over = True
    assert answer.status == 200


@pytest.mark.parametrize(
    "sent",
    [
        request_of("POST", DRIVE, "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB,
        request_of("POST", DRIVE, "Content-Encoding: gzip", "Transfer-Encoding: chunked") + b"%x\r\n" % len(BOMB) + BOMB,
        request_of("POST", DRIVE, "Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 9000,
        request_of("GET", "/devices") * 700,
    ],
    ids=["packed", "packed and in a chunk", "in many chunks", "many requests"],
)
async def test_nothing_that_comes_with_a_request_holds_others_up(site: Site, sent: bytes) -> None:
    longest = 0.0
    answers = asyncio.gather(*(site.raw(sent) for _ in range(3)))
    while not answers.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - began)
    assert {parse(answer).status for answer in await answers} == {200}
    # Some milliseconds are usual; to unpack it takes two hundred. The garbage collector may take some tens.
    assert longest < 0.08


async def test_who_goes_while_its_request_waits_leaves_no_fault_behind(site: Site) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
    await site.open()
    await until(lambda: site.listener._connections._open)
    (waiting,) = site.listener._connections._open
    waiting._held = request_of("GET", "/devices")
    waiting.drop()
    waiting.go_on()
    await until(lambda: not site.listener._connections._open)
    await asyncio.sleep(0.01)
    gc.collect()
    assert faults == []


async def test_of_a_connection_so_many_bytes_are_read_in_a_turn(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    data_received = RequestHandler.data_received

    def noted(self: RequestHandler, data: bytes) -> None:
        sizes.append(len(data))
        data_received(self, data)

    monkeypatch.setattr(RequestHandler, "data_received", noted)
    request = request_of("POST", "/devices/stop", *[f"A{number}: {'b' * 200}" for number in range(100)])
    assert parse(await site.raw(request)).status == 200
    assert sum(sizes) >= len(request)
    assert max(sizes) == PIECE


@pytest.mark.parametrize("others", [0, 40])
async def test_who_closes_its_half_behind_a_request_is_answered(site: Site, others: int) -> None:
    connections = [await site.open(request_of("POST", DRIVE)) for _ in range(others)]
    reader, writer = await site.open(STOP)
    for _, each in [*connections, (reader, writer)]:
        each.write_eof()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(each.read() for each, _ in [*connections, (reader, writer)]))
    assert {parse(answer).status for answer in answers} == {200}


@pytest.mark.parametrize("seconds", [0, 0.05])
async def test_who_closes_its_half_before_a_request_or_of_a_stream_is_dropped(site: Site, seconds: float) -> None:
    for sent in (b"", STOP[:20], request_of("GET", "/events")):
        reader, writer = await site.open(sent)
        if seconds:
            await asyncio.sleep(seconds)
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
    await until(lambda: not site.listener._connections._open)
