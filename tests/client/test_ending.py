"""The ends of a session: each is told once, fails what is pending at once, and ends the subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugPingError,
    DeviceRemoved,
    ErrorCode,
    ErrorReceived,
    InputType,
    ServerDisconnected,
)
from buttplug.core.codec import Malformed
from buttplug.core.messages import (
    Disconnect,
    Error,
    Ok,
    OutputCmd,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ServerMessage,
    StartScanning,
)
from tests.fakes.scripted_server import ScriptedServer, stroker, vibrator

PINGED_OUT = "no ping for 1000 ms"


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer([stroker(2), vibrator(7)], max_ping_time=1000)


def lose(server: ScriptedServer) -> None:
    server.lose("cable cut")


def ping_out(server: ScriptedServer) -> None:
    server.say(Error(0, PINGED_OUT, ErrorCode.PING))


def ping_out_and_close(server: ScriptedServer) -> None:
    ping_out(server)
    server.lose("closed with 4001")


def ping_out_twice(server: ScriptedServer) -> None:
    ping_out(server)
    ping_out(server)


def refuse_the_next_ping(server: ScriptedServer) -> None:
    server.script(Ping, lambda ping: Error(ping.id, PINGED_OUT, ErrorCode.PING))


def refuse_the_next_ping_in_other_words(server: ScriptedServer) -> None:
    server.script(Ping, lambda ping: Error(ping.id, "what is a ping?", ErrorCode.MSG))


def garble_the_next_ping(server: ScriptedServer) -> None:
    server.script(Ping, lambda ping: Malformed("not JSON", ping.id))


def answer_no_ping(server: ScriptedServer) -> None:
    server.silence(Ping)


def take_no_ping(server: ScriptedServer) -> None:
    def fail(ping: Ping) -> None:
        raise ButtplugConnectorError("the buffer is full")

    server.script(Ping, fail)


#: How a session ends, the error that is told with it, and seconds until then.
ENDS: list[tuple[Callable[[ScriptedServer], None], type[ButtplugError] | None, float]] = [
    (lose, None, 0),
    (ping_out, ButtplugPingError, 0),
    (ping_out_and_close, ButtplugPingError, 0),
    (ping_out_twice, ButtplugPingError, 0),
    (refuse_the_next_ping, ButtplugPingError, 0.5),
    (refuse_the_next_ping_in_other_words, ButtplugPingError, 0.5),
    (garble_the_next_ping, ButtplugPingError, 0.5),
    (answer_no_ping, ButtplugPingError, 30.5),
    (take_no_ping, ButtplugPingError, 0.5),
]
every_end = pytest.mark.parametrize(("end", "error", "after"), ENDS, ids=[end.__name__ for end, _, _ in ENDS])


@every_end
async def test_every_end_is_told_once(
    client: ButtplugClient,
    server: ScriptedServer,
    end: Callable[[ScriptedServer], None],
    error: type[ButtplugError] | None,
    after: float,
) -> None:
    disconnects: list[str] = []
    errors: list[Exception] = []
    client.on_server_disconnect = lambda: disconnects.append("gone")
    client.on_error = errors.append
    devices = list(client.devices.values())
    events = client.events()
    end(server)
    await asyncio.sleep(after + 0.01)
    async with asyncio.timeout(1):
        told = [event async for event in events]

    assert disconnects == ["gone"]
    assert [type(each) for each in errors] == ([] if error is None else [error])
    assert [each.error for each in told if isinstance(each, ErrorReceived)] == errors
    assert [each.device for each in told if isinstance(each, DeviceRemoved)] == devices
    assert isinstance(told[-1], ServerDisconnected)
    assert sum(isinstance(each, ServerDisconnected) for each in told) == 1
    assert (client.connected, client.devices, client.server_name, client.scanning) == (False, {}, None, False)


@pytest.mark.parametrize(("end", "after"), [(end, after) for end, _, after in ENDS if after < 30])
async def test_an_end_fails_what_is_pending_at_once_and_ends_the_readings(
    stroking: ButtplugDevice, server: ScriptedServer, end: Callable[[ScriptedServer], None], after: float
) -> None:
    async def listen() -> None:
        async for _ in stroking.subscribe(InputType.PRESSURE):
            pass

    began = asyncio.get_running_loop().time()
    server.silence(OutputCmd)
    tasks = [asyncio.create_task(listen()), asyncio.create_task(stroking.rotate(0.5))]
    await asyncio.sleep(0.01)
    end(server)
    async with asyncio.timeout(60):
        listening, rotating = await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.get_running_loop().time() - began == pytest.approx(after, abs=0.02)
    assert isinstance(listening, ButtplugConnectorError)
    assert isinstance(rotating, ButtplugConnectorError)
    assert "OutputCmd for device 2" in str(rotating)


@every_end
async def test_every_end_closes_the_connection_and_leaves_the_client_usable(
    client: ButtplugClient,
    server: ScriptedServer,
    end: Callable[[ScriptedServer], None],
    error: type[ButtplugError] | None,
    after: float,
) -> None:
    end(server)
    await asyncio.sleep(after + 0.01)
    assert not server.connected
    server.script(Ping, lambda ping: Ok(ping.id))
    sent = len(server.received)
    await asyncio.sleep(60)
    assert len(server.received) == sent
    await client.connect(server)
    await asyncio.sleep(60)
    assert client.connected
    assert set(client.devices) == {2, 7}


@pytest.mark.parametrize(
    ("code", "kind"),
    [(ErrorCode.PING, ButtplugPingError), (ErrorCode.INIT, ButtplugHandshakeError)],
    ids=["ping", "handshake"],
)
async def test_a_server_that_answers_as_if_there_were_no_session_has_ended_it(
    client: ButtplugClient, server: ScriptedServer, code: ErrorCode, kind: type[ButtplugError]
) -> None:
    """After a missed ping servers answer so to everything, and need not have told of it before."""
    disconnects: list[str] = []
    client.on_server_disconnect = lambda: disconnects.append("gone")
    server.script(StartScanning, lambda request: Error(request.id, "connect again", code))
    with pytest.raises(kind, match="connect again"):
        await client.start_scanning()
    await asyncio.sleep(0)
    assert disconnects == ["gone"]
    assert not client.connected
    assert not server.connected


@pytest.mark.parametrize("code", [ErrorCode.UNKNOWN, ErrorCode.MSG, ErrorCode.DEVICE, 99])
@pytest.mark.parametrize("id_", [0, None])
async def test_other_errors_end_nothing(client: ButtplugClient, server: ScriptedServer, code: int, id_: int | None) -> None:
    def refuse(request: StartScanning) -> ServerMessage:
        return Error(request.id if id_ is None else id_, "it rains", code)

    server.script(StartScanning, refuse)
    starting = asyncio.create_task(client.start_scanning())
    await asyncio.sleep(5)
    assert client.connected
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


async def test_a_handshake_error_that_answers_nothing_ends_nothing(client: ButtplugClient, server: ScriptedServer) -> None:
    server.say(Error(0, "somebody else's trouble", ErrorCode.INIT))
    await asyncio.sleep(5)
    assert client.connected


@pytest.mark.parametrize("request_", [RequestServerInfo, RequestDeviceList])
async def test_a_refused_handshake_is_raised_and_told_nowhere_else(
    server: ScriptedServer, request_: type[RequestServerInfo] | type[RequestDeviceList]
) -> None:
    told: list[object] = []
    client = ButtplugClient("Tests", reconnect=True)
    client.on_error = told.append
    client.on_server_disconnect = lambda: told.append("gone")
    server.script(request_, lambda request: Error(request.id, "go away", ErrorCode.INIT))
    with pytest.raises(ButtplugHandshakeError, match="go away"):
        await client.connect(server)
    await asyncio.sleep(60)
    assert told == []
    assert not server.connected
    assert len(server.sent(RequestServerInfo)) == 1


async def test_a_ping_out_during_the_disconnect_disturbs_nothing(client: ButtplugClient, server: ScriptedServer) -> None:
    told: list[object] = []
    client.on_error = told.append
    client.on_server_disconnect = lambda: told.append("gone")
    await client.devices[7].vibrate(0.5)

    def ping_out_first(message: Disconnect) -> Ok:
        ping_out(server)
        return Ok(message.id)

    server.script(Disconnect, ping_out_first)
    await client.disconnect()
    await asyncio.sleep(1)
    assert [type(each) for each in told] == [ButtplugPingError]
    assert not server.connected


async def test_a_connection_that_cannot_be_closed_after_a_ping_out_is_logged(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise OSError("no such socket")

    monkeypatch.setattr(server, "disconnect", fail)
    ping_out(server)
    await asyncio.sleep(1)
    assert not client.connected
    assert "no such socket" in caplog.text


async def test_connecting_again_waits_until_the_old_connection_is_closed(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    server.closing_time = 2
    ping_out(server)
    began = asyncio.get_running_loop().time()
    await client.connect(server)
    assert server.attempts[-1] == began + 2
    await client.start_scanning()
    assert client.connected
