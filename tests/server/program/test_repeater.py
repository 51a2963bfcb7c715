"""A repeater: everything passes through it both ways, and when a side goes the devices stop and the other side is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from buttplug.server.program.repeater import STOP_ID, Repeater, _Pair
from tests.fakes.fault_log import faults
from tests.server.conftest import Listen
from tests.server.wire import HELLO, STOPPED, VIBRATE, Place

pytestmark = pytest.mark.real_time

Open = Callable[..., Awaitable[Repeater]]


@pytest.fixture
async def repeat() -> AsyncIterator[Open]:
    """Opens a repeater for a server; closes it at the end."""
    repeaters: list[Repeater] = []

    async def open_repeater(remote: str, **options: Any) -> Repeater:
        repeaters.append(Repeater(remote, port=0, **options))
        await repeaters[-1].open()
        return repeaters[-1]

    yield open_repeater
    for repeater in repeaters:
        await repeater.close()


async def driving(repeater: Repeater) -> ClientConnection:
    """Return a client of a repeater that drives a device."""
    wire = await connect(repeater.addresses[0], proxy=None)
    await wire.send(HELLO % "page")
    assert "ServerInfo" in str(await wire.recv())
    await wire.send(VIBRATE)
    while '"Ok"' not in str(await wire.recv()):
        pass
    return wire


async def sent(place: Place, packets: list[bytes]) -> None:
    """Wait until the device was sent these packets to its first motor."""
    async with asyncio.timeout(5):
        while [packet for packet in place.house.sent() if packet[0] == 0xF1] != packets:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_when_a_client_goes_the_devices_stop_and_the_server_is_told(listen: Listen, repeat: Open, how: str) -> None:
    place = await listen()
    wire = await driving(await repeat(place.url))
    (session,) = place.house.server.sessions
    if how == "close":
        await wire.close(1000, "bye")
    else:
        wire.transport.abort()
    await sent(place, STOPPED)
    async with asyncio.timeout(5):
        while session in place.house.server.sessions:
            await asyncio.sleep(0.01)


async def test_when_the_server_ends_the_connection_so_does_the_repeater_in_its_words(listen: Listen, repeat: Open) -> None:
    place = await listen()
    wire = await driving(await repeat(place.url))
    assert await place.house.server.close() == []
    with pytest.raises(ConnectionClosed):
        while True:
            await wire.recv()
    assert (wire.close_code, wire.close_reason) == (1001, "the server is shutting down")


async def test_clients_have_connections_of_their_own(listen: Listen, repeat: Open) -> None:
    place = await listen("aneros", "aneros")
    repeater = await repeat(place.url)
    first, second = await driving(repeater), await driving(repeater)
    assert len(place.house.server.sessions) == 2
    await first.close()
    async with asyncio.timeout(5):
        while len(place.house.server.sessions) != 1:
            await asyncio.sleep(0.01)
    await second.send('[{"Ping":{"Id":7}}]')
    while '"Id":7' not in str(await second.recv()):
        pass


async def test_a_server_that_cannot_be_reached_is_told_as_a_bad_gateway(repeat: Open) -> None:
    repeater = await repeat("ws://127.0.0.1:1")
    with pytest.raises(InvalidStatus) as refusal:
        await connect(repeater.addresses[0], proxy=None)
    assert refusal.value.response.status_code == 502
    assert b"ws://127.0.0.1:1 cannot be connected to: " in refusal.value.response.body


async def test_the_token_for_the_server_is_told_to_no_client_and_in_no_log(
    repeat: Open, caplog: pytest.LogCaptureFixture
) -> None:
    repeater = await repeat("ws://127.0.0.1:1/?token=word")
    for _ in range(40):
        with pytest.raises(InvalidStatus) as refused:
            await connect(repeater.addresses[0], proxy=None)
        assert refused.value.response.body.startswith(b"ws://127.0.0.1:1/ cannot be connected to")
        assert b"word" not in refused.value.response.body
    assert 0 < len(caplog.records) < 20
    assert "word" not in caplog.text


async def test_foreign_pages_are_refused_before_the_server_hears_of_them(listen: Listen, repeat: Open) -> None:
    place = await listen()
    repeater = await repeat(place.url, allow_origins=["https://good.example"])
    with pytest.raises(InvalidStatus) as refusal:
        await connect(repeater.addresses[0], proxy=None, origin="https://evil.example")  # type: ignore[arg-type]
    assert refusal.value.response.status_code == 403
    assert place.outboxes == []
    await connect(repeater.addresses[0], proxy=None, origin="https://good.example")  # type: ignore[arg-type]
    assert len(place.outboxes) == 1


async def test_a_client_that_leaves_during_its_handshake_leaves_no_connection_to_the_server(
    listen: Listen, repeat: Open
) -> None:
    place = await listen()
    repeater = await repeat(place.url)
    _, writer = await asyncio.open_connection("127.0.0.1", int(repeater.addresses[0].rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n")
    await asyncio.sleep(0.2)
    writer.transport.abort()
    async with asyncio.timeout(5):
        while place.outboxes:
            await asyncio.sleep(0.01)


class Script:
    """A server that answers as it is told, and notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.answers: dict[str, list[Any]] = {}
        self.closed: asyncio.Future[tuple[int | None, str | None]] = asyncio.get_running_loop().create_future()

    async def talk(self, connection: ServerConnection) -> None:
        try:
            async for frame in connection:
                self.heard.append(frame if isinstance(frame, bytes) else json.loads(frame))
                if isinstance(frame, str):
                    ((name, _),) = json.loads(frame)[0].items()
                    for answer in self.answers.get(name, []):
                        await connection.send(answer if isinstance(answer, bytes) else json.dumps(answer))
        except ConnectionClosed:
            pass
        self.closed.set_result((connection.close_code, connection.close_reason))


@pytest.fixture
async def script() -> AsyncIterator[tuple[Script, str]]:
    script = Script()
    async with serve(script.talk, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        yield script, f"ws://{host}:{port}"


OLD = {"RequestServerInfo": {"Id": 1, "ClientName": "old", "MessageVersion": 3}}
NEW = json.loads(HELLO % "new")[0]


@pytest.mark.parametrize(("hello", "stop"), [(OLD, "StopAllDevices"), (NEW, "StopCmd")])
async def test_a_client_that_goes_is_followed_by_one_stop_in_its_own_version_and_its_close_code(
    script: tuple[Script, str], repeat: Open, hello: Any, stop: str
) -> None:
    server, url = script
    server.answers = {stop: [[{"Ok": {"Id": STOP_ID}}]]}
    repeater = await repeat(url)
    async with connect(repeater.addresses[0], proxy=None) as wire:
        await wire.send(json.dumps([hello]))
        await wire.close(4321, "enough")
    async with asyncio.timeout(5):
        assert await server.closed == (4321, "enough")
    assert server.heard == [[hello], [{stop: {"Id": STOP_ID}}]]


async def test_frames_pass_unchanged_and_the_answer_to_the_repeaters_own_stop_does_not(
    script: tuple[Script, str], repeat: Open
) -> None:
    server, url = script
    server.answers = {"RequestServerInfo": [b"\x00\xff", [{"Odd": "ü"}]], "StopCmd": [[{"Ok": {"Id": STOP_ID}}]]}
    repeater = await repeat(url)
    async with connect(repeater.addresses[0], proxy=None) as wire:
        await wire.send(json.dumps([NEW]))
        assert await wire.recv() == b"\x00\xff"
        assert json.loads(await wire.recv()) == [{"Odd": "ü"}]
        await wire.send(b"\x01\x02")
        await asyncio.sleep(0.1)
        assert await repeater.stop_all() == []
        server.answers = {"Ping": [[{"Ok": {"Id": 2}}]]}
        await wire.send('[{"Ping":{"Id":2}}]')
        assert json.loads(await wire.recv()) == [{"Ok": {"Id": 2}}]
    assert server.heard[1] == b"\x01\x02"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([[{"Error": {"Id": STOP_ID, "ErrorMessage": "stuck\x1b", "ErrorCode": 4}}]], r"stuck\x1b"),
        ([], "no answer within 0.1 s"),
        ([[{"Ok": {"Id": STOP_ID - 1}}], b"4294967295", ["4294967295"]], "no answer within 0.1 s"),
    ],
)
async def test_a_stop_that_is_not_confirmed_is_told(
    script: tuple[Script, str], repeat: Open, monkeypatch: pytest.MonkeyPatch, answers: list[Any], why: str
) -> None:
    monkeypatch.setattr("buttplug.server.program.repeater.STOP_LIMIT", 0.1)
    server, url = script
    server.answers = {"StopCmd": answers}
    repeater = await repeat(url)
    async with connect(repeater.addresses[0], proxy=None) as wire:
        await wire.send(json.dumps([NEW]))
        await asyncio.sleep(0.1)
        (failure,) = await repeater.pause("a break")
        assert failure.endswith(f"a client at 127.0.0.1: {why}")
        await wire.wait_closed()
        assert (wire.close_code, wire.close_reason) == (1001, "a break")


async def test_while_it_is_paused_nobody_is_let_in(listen: Listen, repeat: Open) -> None:
    place = await listen()
    repeater = await repeat(place.url)
    wire = await driving(repeater)
    assert await repeater.pause("a break") == []
    await sent(place, STOPPED)
    with pytest.raises(InvalidStatus) as refusal:
        await connect(repeater.addresses[0], proxy=None)
    assert refusal.value.response.status_code == 503
    repeater.resume()
    place.house.simulated[0].packets.clear()
    await driving(repeater)
    await sent(place, STOPPED[:1])
    await wire.wait_closed()


async def test_a_client_without_a_session_needs_no_stop(script: tuple[Script, str], repeat: Open) -> None:
    server, url = script
    repeater = await repeat(url)
    async with connect(repeater.addresses[0], proxy=None):
        assert await repeater.stop_all() == []
    async with asyncio.timeout(5):
        await server.closed
    assert server.heard == []


@pytest.mark.parametrize("way", ["_pass_up", "_pass_down"])
async def test_a_fault_while_passing_on_is_logged_once_stops_the_devices_and_costs_only_that_client(
    listen: Listen, repeat: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    place = await listen()
    repeater = await repeat(place.url)
    # What has a session fails once, when it is asked to end; those who come after it are served.
    fault = asyncio.Event()
    real = getattr(_Pair, way)

    async def fails(self: _Pair) -> None:
        passing = asyncio.ensure_future(real(self))
        broken = asyncio.ensure_future(fault.wait())
        await asyncio.wait([passing, broken], return_when=asyncio.FIRST_COMPLETED)
        passing.cancel()
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(_Pair, way, fails)
        wire = await driving(repeater)
    fault.set()
    await sent(place, STOPPED)
    async with asyncio.timeout(5):
        await wire.wait_closed()
    assert faults(caplog) == ["a fault of ours"]
    other = await driving(repeater)
    await other.close()


async def test_a_fault_in_what_is_left_to_do_at_the_end_of_a_client_is_logged_once(
    listen: Listen, repeat: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(self: Repeater, *_: object) -> None:
        raise RuntimeError("a fault of ours")

    place = await listen()
    repeater = await repeat(place.url)
    monkeypatch.setattr(Repeater, "_end_with", fails)
    wire = await driving(repeater)
    await wire.close()
    await sent(place, STOPPED)
    assert faults(caplog) == ["a fault of ours"]
