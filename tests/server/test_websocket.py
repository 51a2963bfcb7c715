"""The websocket listener: frames, origins, refusals, and clients that vanish, stall or never speak."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from buttplug.core.codec import MAX_FRAME
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.legacy.translator import Translator
from buttplug.server import outbox, websocket
from buttplug.server.outbox import BACKLOG_LIMIT, MESSAGES_A_TURN, READINGS_LIMIT
from buttplug.server.ports import LOOPBACK, PortInUseError
from buttplug.server.server import MAKE_ROOM
from buttplug.server.websocket import WebsocketListener
from tests.server.conftest import Listen
from tests.server.wire import HELLO, STOPPED, UPGRADE_HEADERS, VIBRATE, Place, ask, close_code, frame, hear, messages, until

pytestmark = pytest.mark.real_time

# Frames


async def test_a_conversation(place: Place) -> None:
    wire = await place.connect(None)
    assert await ask(wire, HELLO % "me") == (
        "ServerInfo",
        {"Id": 1, "ServerName": "house", "MaxPingTime": 0, "ProtocolVersionMajor": 4, "ProtocolVersionMinor": 0},
    )
    assert await ask(wire, VIBRATE) == ("Ok", {"Id": 2})
    name, body = await ask(wire, '[{"RequestDeviceList":{"Id":3}}]')
    assert (name, body["Id"], list(body["Devices"])) == ("DeviceList", 3, ["0"])
    assert body["Devices"]["0"]["DeviceName"] == "Aneros Vivi"
    assert place.house.sent() == [b"\xf1\x40"]
    await wire.close()


async def test_each_message_has_a_text_frame_of_its_own(place: Place) -> None:
    wire = await place.connect()
    await wire.send('[{"Ping":{"Id":2}},{"Ping":{"Id":3}},{"Nonsense":{"Id":4}}]')
    texts = [await wire.recv() for _ in range(3)]
    assert all(isinstance(text, str) for text in texts)
    assert [[(name, body["Id"]) for name, body in messages(text)] for text in texts] == [
        [("Ok", 2)],
        [("Ok", 3)],
        [("Error", 4)],
    ]
    await wire.close()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b'[{"Ping":{"Id":5}}]', (0, 3, "binary frames are not understood, send text")),
        (b"", (0, 3, "binary frames are not understood, send text")),
        ("garbage", (0, 3, "not a JSON array of messages: it is no array")),
        ("[]", (0, 3, "an empty array is no message")),
        ('[{"Ping":{}}]', (0, 3, 'Ping: Object missing required field "Id"')),
        ('[{"Pong":{"Id":5}}]', (5, 3, 'unknown message "Pong"')),
        ('[{"Ok":{"Id":5}}]', (5, 3, "Ok is not for a client to send")),
    ],
)
async def test_what_cannot_be_read_is_answered_and_the_connection_stays(
    place: Place, text: str | bytes, error: tuple[int, int, str]
) -> None:
    wire = await place.connect()
    name, body = await ask(wire, text)
    assert name == "Error"
    assert (body["Id"], body["ErrorCode"], body["ErrorMessage"]) == error
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


@pytest.mark.parametrize("text", ["", " ", "\r\n\t"])
async def test_an_empty_frame_is_ignored(place: Place, text: str) -> None:
    wire = await place.connect()
    await wire.send(text)
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


async def test_a_frame_in_pieces_is_one_frame(place: Place) -> None:
    wire = await place.connect()
    await wire.send(['[{"Ping"', ':{"Id":', "9}}]"])
    assert await hear(wire) == ("Ok", {"Id": 9})
    await wire.close()


async def test_a_frame_over_the_limit_is_refused_with_its_id_and_the_connection_stays(place: Place) -> None:
    wire = await place.connect()
    name, body = await ask(wire, '[{"Ping":{"Id":5,"X":"%s"}}]' % ("x" * MAX_FRAME))
    assert (name, body["Id"], body["ErrorCode"]) == ("Error", 5, 3)
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


async def test_a_frame_far_over_the_limit_closes_the_connection_as_too_big_and_stops_the_devices(place: Place) -> None:
    wire = await place.connect()
    await ask(wire, VIBRATE)
    await wire.send("x" * (5 * MAX_FRAME))
    assert (await close_code(wire))[0] == 1009
    await until(lambda: place.house.sent() == STOPPED)


async def test_text_that_is_no_text_closes_the_connection_as_the_standard_wants_and_stops_the_devices(place: Place) -> None:
    wire = await place.connect()
    await ask(wire, VIBRATE)
    await wire.send(b"\xff", text=True)
    assert (await close_code(wire))[0] == 1007
    await until(lambda: place.house.sent() == STOPPED)


# Plain HTTP and origins


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
async def test_a_browser_that_opens_the_port_is_told_what_it_is_and_disturbs_nobody(place: Place, method: str) -> None:
    wire = await place.connect()
    reader = await place.raw(method=method)
    async with asyncio.timeout(5):
        answer = (await reader.read()).decode()
    if method == "GET":
        assert answer.startswith("HTTP/1.1 426 Upgrade Required\r\n")
        assert answer.endswith("\r\n\r\nThis is a Buttplug server: connect a Buttplug client to it over a websocket.\n")
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


@pytest.mark.parametrize("origin", [None, "http://localhost", "http://app.localhost:3000", "http://[::1]:8000"])
async def test_programs_and_pages_of_this_machine_are_let_in(place: Place, origin: str | None) -> None:
    wire = await place.connect(origin=origin)
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


@pytest.mark.parametrize("origin", ["https://example.com", "http://localhost.example.com:12345"])
async def test_pages_from_elsewhere_are_refused_and_the_remedy_is_named(
    place: Place, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refusal:
            await place.connect(additional_headers={"Origin": origin})
    assert refusal.value.response.status_code == 403
    remedy = f"the page at {origin} is not allowed to connect; to allow it, start the server with --allow-origin {origin}"
    assert refusal.value.response.body.decode() == remedy + "\n"
    assert [record.getMessage() for record in caplog.records if record.name == "buttplug.server.websocket"] == [remedy]
    assert place.house.server.sessions == set()


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        ("*", "https://example.com"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("HTTPS://Example.com", "https://example.com"),
        ("http://10.0.0.2:8080", "http://10.0.0.2:8080"),
    ],
)
async def test_pages_that_are_allowed_are_let_in(listen: Listen, allowed: str, origin: str) -> None:
    place = await listen(allow_origins=["https://another.example", allowed])
    wire = await place.connect(origin=origin)
    await wire.close()


@pytest.mark.parametrize("origin", ["http://example.com", "https://example.com:8443", "https://www.example.com"])
async def test_allowing_one_origin_allows_no_other(listen: Listen, origin: str) -> None:
    place = await listen(allow_origins=["https://example.com"])
    with pytest.raises(InvalidStatus):
        await place.connect(origin=origin)


async def test_a_request_with_two_origins_is_refused(place: Place) -> None:
    reader = await place.raw(*UPGRADE_HEADERS, "Origin: http://localhost", "Origin: https://example.com")
    async with asyncio.timeout(5):
        answer = (await reader.read()).decode()
    assert answer.startswith("HTTP/1.1 400")


# Too many


@pytest.mark.usefixtures("short_pause")
async def test_a_client_too_many_is_told_who_is_there(listen: Listen) -> None:
    place = await listen(max_clients=2)
    wires = [await place.connect(name) for name in ("Player", "ро́бот")]
    late = await place.connect(None)
    told = f"2 clients connected: Player, ро́бот; {MAKE_ROOM}"
    assert await ask(late, HELLO % "late") == ("Error", {"Id": 1, "ErrorMessage": told, "ErrorCode": 1})
    assert await close_code(late) == (1013, told)
    await wires[0].close()
    await until(lambda: len(place.house.server.sessions) == 1)
    third = await place.connect("next")
    for wire in (wires[1], third):
        await wire.close()


@pytest.mark.usefixtures("short_pause")
@pytest.mark.parametrize("name", ["x" * 200, "🚀" * 60], ids=["long", "wide"])
async def test_long_names_do_not_break_the_refusal(listen: Listen, name: str) -> None:
    place = await listen(max_clients=1)
    wire = await place.connect(name)
    code, reason = await close_code(await place.connect(None))
    assert code == 1013
    assert reason is not None
    assert reason.startswith(f"1 clients connected: {name[:8]}")
    await wire.close()


@pytest.mark.usefixtures("short_pause")
async def test_a_client_that_is_too_new_is_told_and_closed(place: Place) -> None:
    wire = await place.connect(None)
    name, body = await ask(wire, '[{"RequestServerInfo":{"Id":1,"ClientName":"new","ProtocolVersionMajor":5}}]')
    assert (name, body["ErrorCode"]) == ("Error", 1)
    assert await close_code(wire) == (1008, body["ErrorMessage"])


# The end of a connection


async def end_properly(wire: ClientConnection) -> None:
    await wire.close()


async def abort(wire: ClientConnection) -> None:
    wire.transport.abort()


async def ask_to_leave(wire: ClientConnection) -> None:
    assert await ask(wire, '[{"Disconnect":{"Id":5}}]') == ("Ok", {"Id": 5})
    assert await close_code(wire) == (1000, "disconnected as asked")


async def send_garbage(wire: ClientConnection) -> None:
    wire.transport.write(b"\xff\xff\xff\xff")
    assert (await close_code(wire))[0] == 1002


@pytest.mark.parametrize("end", [end_properly, abort, ask_to_leave, send_garbage])
async def test_however_a_connection_ends_its_devices_are_stopped_and_the_next_client_is_served(
    place: Place, end: Callable[[ClientConnection], Awaitable[None]]
) -> None:
    wire = await place.connect()
    await ask(wire, VIBRATE)
    await end(wire)
    await until(lambda: place.house.sent() == STOPPED, 1)
    await until(lambda: not place.house.server.sessions)
    following = await place.connect()
    assert await ask(following, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await following.close()
    await wire.close()


async def test_a_client_that_does_not_ping_in_time_is_told_and_closed(listen: Listen) -> None:
    place = await listen(max_ping_time=200)
    wire = await place.connect()
    await ask(wire, VIBRATE)
    assert await hear(wire) == (
        "Error",
        {"Id": 0, "ErrorMessage": "no ping for 200 ms: your devices were stopped", "ErrorCode": 2},
    )
    assert place.house.sent() == STOPPED
    assert await close_code(wire) == (4001, "no ping for 200 ms")


async def test_a_client_whose_network_is_dead_is_noticed_by_the_pings(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_INTERVAL", 0.2)
    place = await listen()
    wire = await place.connect()
    await ask(wire, VIBRATE)
    wire.transport.pause_reading()
    await until(lambda: place.house.sent() == STOPPED, 3)
    await until(lambda: not place.house.server.sessions)
    await abort(wire)


async def test_a_fault_in_the_listener_stops_the_devices_and_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(translator: Translator, text: str) -> None:
        raise ZeroDivisionError("a bug")

    wire = await place.connect()
    await ask(wire, VIBRATE)
    monkeypatch.setattr(Translator, "read", fail)
    await wire.send("[]")
    assert await close_code(wire) == (1011, "the server failed")
    assert place.house.sent() == STOPPED
    assert 'Client "wire": its connection is given up' in caplog.text


async def test_a_message_that_cannot_be_sent_costs_the_connection_and_stops_the_devices(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: object) -> bytes:
        raise ZeroDivisionError("a bug")

    wire = await place.connect()
    await ask(wire, VIBRATE)
    monkeypatch.setattr(outbox, "encode", fail)
    await wire.send('[{"Ping":{"Id":9}}]')
    await until(lambda: place.house.sent() == STOPPED)
    assert "a message could not be sent" in caplog.text
    await close_code(wire)


# Clients that do not read, or do not speak


async def test_a_client_that_reads_nothing_is_cut_off_and_its_devices_are_stopped(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "STALL_LIMIT", 0.3)
    place = await listen("Kiiroo Pearl 2.1")
    deaf, another = await place.deaf(), await place.deaf()
    subscribe = '[{"InputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":2,"Type":"Pressure","Command":"Subscribe"}}]'
    another.write(frame(subscribe))
    deaf.write(frame(VIBRATE) + frame(subscribe))
    await until(lambda: place.house.sent() == [b"\x01\x40"])
    async with asyncio.timeout(10):
        while place.house.server.sessions:
            for _ in range(100):
                place.house.simulated[0].notify("rx", bytes(9))
            await asyncio.sleep(0.001)
    await until(lambda: place.house.sent() == [b"\x01\x40", b"\x01\x00"])
    assert caplog.text.count("a client has read nothing for 0.3 s and is cut off") == 1, "once, for all of them"


async def test_a_client_that_asks_and_never_reads_holds_up_no_other(place: Place) -> None:
    deaf = await place.deaf()
    wire = await place.connect()
    await ask(wire, VIBRATE)
    question = frame('[{"RequestDeviceList":{"Id":3}}]') * 2000
    for _ in range(10):
        deaf.write(question)
        began = asyncio.get_running_loop().time()
        assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
        assert asyncio.get_running_loop().time() - began < 0.5
    assert await ask(wire, '[{"StopCmd":{"Id":4}}]') == ("Ok", {"Id": 4})
    assert place.house.sent()[:2] == STOPPED
    assert max(len(outbox._waiting) for outbox in place.outboxes) < 2 * BACKLOG_LIMIT
    await wire.close()


async def test_a_client_that_never_reads_does_not_hold_up_the_shutdown(place: Place) -> None:
    deaf = await place.deaf()
    deaf.write(frame(VIBRATE))
    await until(lambda: place.house.sent() == [b"\xf1\x40"])
    (outbox,) = place.outboxes
    while not outbox.is_full:
        deaf.write(frame('[{"RequestDeviceList":{"Id":3}}]') * 1000)
        await asyncio.sleep(0.01)
    began = asyncio.get_running_loop().time()
    await place.house.server.close()
    assert place.house.sent()[:2] == STOPPED
    await asyncio.sleep(0)
    assert place.house.server._tasks == set()
    await place.listener.close()
    assert asyncio.get_running_loop().time() - began < 2
    await until(lambda: not place.listener._connections, 1)


async def test_a_client_that_goes_on_talking_when_it_is_closed_leaves_nothing_behind(place: Place) -> None:
    wire = await place.connect()
    pings = json.dumps([{"Ping": {"Id": 9}}] * 4000)
    await wire.send('[{"Disconnect":{"Id":5}}]')
    with contextlib.suppress(ConnectionClosed):
        for _ in range(50):
            await wire.send(pings)
    await wire.close()
    await until(lambda: not place.listener._connections)


async def test_readings_that_a_client_is_too_slow_for_are_dropped_the_oldest_first(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await listen("Kiiroo Pearl 2.1")
    wire = await place.connect()
    await ask(wire, '[{"InputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":2,"Type":"Pressure","Command":"Subscribe"}}]')
    for value in range(1000):
        place.house.simulated[0].notify("rx", value.to_bytes(2, "big") + bytes(7))
    await wire.send('[{"Ping":{"Id":9}}]')
    values = []
    while True:
        name, body = await hear(wire)
        if name == "Ok":
            break
        values.append(body["Reading"]["Pressure"]["Value"])
    at_once = len(values) - READINGS_LIMIT
    assert values == [*range(at_once), *range(1000 - READINGS_LIMIT, 1000)]
    assert at_once <= 4 * MESSAGES_A_TURN
    await wire.close()


async def test_connections_that_say_nothing_disturb_nobody(place: Place) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(50)]
    await place.raw("Upgrade: websocket")
    wire = await place.connect()
    assert await ask(wire, VIBRATE) == ("Ok", {"Id": 2})
    began = asyncio.get_running_loop().time()
    await place.house.server.close()
    await place.listener.close()
    assert asyncio.get_running_loop().time() - began < 2
    assert place.house.sent()[:2] == STOPPED
    for _, writer in silent:
        writer.close()
    await wire.close()


async def test_a_connection_that_says_nothing_is_ended_after_a_while(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "HANDSHAKE_LIMIT", 0.2)
    place = await listen()
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()


# Listening


async def test_a_port_in_use_is_an_error_that_names_it_and_the_option(place: Place) -> None:
    second = WebsocketListener(place.house.server, port=place.port)
    with pytest.raises(
        PortInUseError, match=f"^port {place.port} is in use by another program; choose another one with --ws-port .*port="
    ):
        await second.open()
    assert second.addresses == []
    wire = await place.connect()
    await wire.close()


async def test_a_port_that_is_in_use_on_one_of_two_addresses_is_in_use(place: Place) -> None:
    if len(place.listener.addresses) < 2:
        pytest.skip("this machine has no IPv6")
    second = WebsocketListener(place.house.server, hosts=["127.0.0.2", "127.0.0.1"], port=place.port)
    with pytest.raises(PortInUseError):
        await second.open()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.2", place.port)


async def test_an_address_that_is_not_of_this_machine_is_an_error_that_names_it(place: Place) -> None:
    listener = WebsocketListener(place.house.server, hosts=["192.0.2.1"], port=0, without_token=True)
    with pytest.raises(ButtplugConnectorError, match=r"^cannot listen on 192\.0\.2\.1, port 0: "):
        await listener.open()


async def test_of_several_addresses_those_that_this_machine_lacks_are_left_out(listen: Listen) -> None:
    place = await listen(hosts=["192.0.2.1", "127.0.0.1"])
    assert place.listener.addresses == [f"ws://127.0.0.1:{place.port}"]


@pytest.mark.parametrize("hosts", [LOOPBACK, ()])
async def test_any_free_port_is_the_same_one_for_every_address(listen: Listen, hosts: Sequence[str]) -> None:
    place = await listen(hosts=hosts)
    if len(place.listener.addresses) < 2:
        pytest.skip("this machine has no IPv6")
    names = ["127.0.0.1", "[::1]"] if hosts else ["0.0.0.0", "[::]"]
    assert place.listener.addresses == [f"ws://{name}:{place.port}" for name in names]
    for address in ("127.0.0.1", "[::1]"):
        wire = await connect(f"ws://{address}:{place.port}", proxy=None)
        assert (await ask(wire, HELLO % "me"))[0] == "ServerInfo"
        await wire.close()


async def test_any_free_port_is_one_that_is_free_on_every_address(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def unlucky(handler: Any, host: str, port: int, **options: Any) -> Any:
        nonlocal tries
        if host == "127.0.0.2":
            tries += 1
            if tries < 3:
                raise OSError(98, "Address already in use")
        return serve(handler, host, port, **options)

    monkeypatch.setattr(websocket, "serve", unlucky)
    place = await listen(hosts=["127.0.0.1", "127.0.0.2"])
    assert tries == 3
    assert place.listener.addresses == [f"ws://{host}:{place.port}" for host in ("127.0.0.1", "127.0.0.2")]


# TLS


async def test_with_a_certificate_clients_connect_by_tls_and_only_so(listen: Listen, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    place = await listen(tls=context)
    assert place.url == f"wss://127.0.0.1:{place.port}"
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    wire = await place.connect(ssl=trusting)
    await ask(wire, VIBRATE)
    await abort(wire)
    await until(lambda: place.house.sent() == STOPPED)
    with pytest.raises((InvalidMessage, OSError)):
        await connect(f"ws://127.0.0.1:{place.port}", proxy=None)
    wire = await place.connect(ssl=trusting)
    await place.house.server.close()
    assert (await close_code(wire))[0] == 1001


# Shutdown


async def test_a_shutdown_stops_the_devices_and_then_closes_the_clients_as_going_away(place: Place) -> None:
    wires = [await place.connect(name) for name in ("one", "two")]
    await ask(wires[0], VIBRATE)
    await place.house.server.close()
    await place.listener.close()
    assert place.house.sent()[:2] == STOPPED
    for wire in wires:
        assert await close_code(wire) == (1001, "the server is shutting down")


async def test_closing_the_listener_alone_stops_what_its_clients_drove(place: Place) -> None:
    wire = await place.connect()
    await ask(wire, VIBRATE)
    await place.listener.close()
    assert place.house.sent() == STOPPED
    assert (await close_code(wire))[0] == 1001
    await place.listener.close()


async def test_a_client_that_comes_while_the_server_ends_is_sent_away(place: Place) -> None:
    place.house.simulated[0].write_delay = 0.3
    closing = asyncio.create_task(place.house.server.close())
    await asyncio.sleep(0.05)
    assert await close_code(await place.connect(None)) == (1001, "the server is not open")
    await closing


async def test_nothing_is_logged_above_info_of_clients_that_come_and_go(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    for end in (end_properly, abort, ask_to_leave):
        wire = await place.connect()
        await end(wire)
        await until(lambda: not place.house.server.sessions)
        await wire.close()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
