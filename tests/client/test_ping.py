"""Pings: twice in every interval the server asks for, whatever else is going on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, ButtplugPingError, ErrorCode
from buttplug.core.messages import Error, OutputCmd, Ping
from tests.fakes.fault_log import faults
from tests.fakes.scripted_server import ScriptedServer, vibrator


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer([vibrator(7)], max_ping_time=1000)


@pytest.fixture
async def errors(client: ButtplugClient) -> AsyncIterator[list[Exception]]:
    """What is told to ``on_error``."""
    errors: list[Exception] = []
    client.on_error = errors.append
    yield errors


async def test_a_ping_is_sent_twice_in_every_interval(client: ButtplugClient, server: ScriptedServer) -> None:
    await asyncio.sleep(0.45)
    assert len(server.sent(Ping)) == 0
    await asyncio.sleep(0.1)
    assert len(server.sent(Ping)) == 1
    await asyncio.sleep(10)
    assert len(server.sent(Ping)) == 21


async def test_no_ping_is_sent_to_a_server_that_wants_none() -> None:
    server = ScriptedServer()
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        await asyncio.sleep(100)
    assert server.sent(Ping) == []


async def test_pings_wait_neither_for_slow_commands_nor_for_their_own_replies(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    server.silence(OutputCmd)
    server.silence(Ping)
    vibrating = asyncio.create_task(client.vibrate(1))
    await asyncio.sleep(10.1)
    assert len(server.sent(Ping)) == 20
    vibrating.cancel()


async def test_a_refused_ping_is_told_and_no_more_are_sent(
    client: ButtplugClient, server: ScriptedServer, errors: list[Exception]
) -> None:
    server.script(Ping, lambda message: Error(message.id, "too late", ErrorCode.PING))
    await asyncio.sleep(10)
    assert len(server.sent(Ping)) == 1
    assert [(type(error), str(error)) for error in errors] == [(ButtplugPingError, "too late")]


async def test_a_ping_without_answer_is_told(client: ButtplugClient, server: ScriptedServer, errors: list[Exception]) -> None:
    server.silence(Ping)
    await asyncio.sleep(30.6)
    assert [type(error) for error in errors] == [ButtplugPingError]
    assert "within 30 s" in str(errors[0])


async def test_a_ping_out_told_by_the_server_is_a_ping_error(
    client: ButtplugClient, server: ScriptedServer, errors: list[Exception]
) -> None:
    server.say(Error(0, "no ping for 1000 ms", ErrorCode.PING))
    await asyncio.sleep(0)
    assert [type(error) for error in errors] == [ButtplugPingError]


@pytest.mark.parametrize("end", ["disconnect", "loss"])
async def test_no_ping_is_sent_after_the_end_of_the_connection(
    client: ButtplugClient, server: ScriptedServer, errors: list[Exception], end: str
) -> None:
    server.silence(Ping)
    await asyncio.sleep(0.6)
    if end == "loss":
        server.lose()
    else:
        await client.disconnect()
    await asyncio.sleep(100)
    assert len(server.sent(Ping)) == 1
    assert errors == []


async def test_a_fault_while_pinging_is_logged_once_and_ends_the_connection_in_time(
    client: ButtplugClient, server: ScriptedServer, errors: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(message: Ping) -> None:
        raise RuntimeError("a fault of the connector")

    server.script(Ping, fails)
    await asyncio.sleep(10)
    assert not client.connected
    assert [type(error) for error in errors] == [ButtplugPingError]
    assert "a fault of the connector" in str(errors[0])
    assert faults(caplog) == ["a fault of the connector"]
    assert len(server.sent(Ping)) == 1


async def test_a_connection_that_cannot_be_closed_when_its_session_is_over_is_logged_once(
    client: ButtplugClient,
    server: ScriptedServer,
    errors: list[Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> None:
        raise RuntimeError("a fault of the connector")

    monkeypatch.setattr(server, "disconnect", fails)
    server.script(Ping, lambda message: Error(message.id, "too late", ErrorCode.PING))
    await asyncio.sleep(10)
    assert not client.connected
    assert len(errors) == 1
    assert faults(caplog) == ["a fault of the connector"]
