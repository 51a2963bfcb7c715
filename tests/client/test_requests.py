"""Requests and replies: ids, matching, errors, time-outs, and the end of the connection."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
    ErrorCode,
)
from buttplug.client.connection import Connection
from buttplug.core.codec import Malformed
from buttplug.core.messages import (
    U32_MAX,
    DeviceList,
    Error,
    InputCmd,
    InputReading,
    InputValue,
    Ok,
    OutputCmd,
    ServerMessage,
    StartScanning,
)
from tests.fakes.scripted_server import ScriptedServer


async def test_ids_count_from_1(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.start_scanning()
    assert [message.id for message in server.received] == [1, 2, 3]


async def test_ids_wrap_and_skip_those_that_are_pending(server: ScriptedServer) -> None:
    connection = Connection(server, timeout=30, on_event=lambda message: None, on_lost=lambda reason, error: None)
    await connection.connect()
    connection._last_id = U32_MAX - 1
    server.silence(StartScanning)
    ids = []
    for _ in range(3):
        request = await connection.begin(StartScanning(connection.next_id()))
        ids.append(request.message.id)
    connection._last_id = U32_MAX - 1
    ids.append(connection.next_id())
    await connection.close()
    assert ids == [U32_MAX, 1, 2, 3]


async def test_replies_out_of_order_reach_their_requests(
    stroking: ButtplugDevice, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    server.silence(OutputCmd)
    server.silence(InputCmd)
    tasks = [
        asyncio.create_task(vibrating.vibrate(0.1)),
        asyncio.create_task(stroking.battery()),
        asyncio.create_task(vibrating.vibrate(0.2)),
    ]
    await asyncio.sleep(0)
    first, second, third = server.received[-3:]
    server.say(Error(third.id, "no more", ErrorCode.DEVICE))
    server.say(InputReading(second.id, 2, 4, {"Battery": InputValue(40)}))
    server.say(Ok(first.id))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[:2] == [None, 0.4]
    assert isinstance(results[2], ButtplugDeviceError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ErrorCode.UNKNOWN, ButtplugUnknownError),
        (ErrorCode.INIT, ButtplugHandshakeError),
        (ErrorCode.PING, ButtplugPingError),
        (ErrorCode.MSG, ButtplugMessageError),
        (ErrorCode.DEVICE, ButtplugDeviceError),
    ],
)
async def test_an_error_reply_is_raised_as_the_class_of_its_code(
    client: ButtplugClient, server: ScriptedServer, code: ErrorCode, kind: type[ButtplugError]
) -> None:
    server.script(StartScanning, lambda message: Error(message.id, "it rains", code))
    with pytest.raises(kind, match="it rains") as raised:
        await client.start_scanning()
    assert type(raised.value) is kind


async def test_an_error_reply_that_names_no_device_is_told_with_device_and_feature(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, "nope", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.rotate(0.5)
    assert raised.value.message == 'nope (device 2 "Demo Stroker", feature 1 "Twist")'


async def test_an_error_reply_that_names_the_device_is_told_as_it_is(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, "Demo Stroker is empty", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.rotate(0.5)
    assert raised.value.message == "Demo Stroker is empty"


@pytest.mark.parametrize(
    "answer",
    [
        lambda id_: InputReading(id_, 2, 4, {"Battery": InputValue(1)}),
        lambda id_: DeviceList(id_, {}),
        lambda id_: Malformed("no such error code", id_, "Error"),
    ],
)
async def test_a_reply_of_another_kind_or_one_that_cannot_be_read_is_a_message_error_at_once(
    client: ButtplugClient, server: ScriptedServer, answer: type[ServerMessage]
) -> None:
    server.script(StartScanning, lambda message: answer(message.id))
    started = asyncio.get_running_loop().time()
    with pytest.raises(ButtplugMessageError, match="StartScanning"):
        await client.start_scanning()
    assert asyncio.get_running_loop().time() == started


async def test_a_request_without_answer_fails_after_30_seconds_and_says_what_was_asked(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    server.silence(OutputCmd)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(ButtplugConnectorError) as raised:
        await stroking.rotate(0.5)
    assert loop.time() - started == pytest.approx(30)
    assert raised.value.message == (
        'The server did not answer OutputCmd for device 2 "Demo Stroker", feature 1 "Twist" within 30 s'
    )


async def test_each_request_has_its_own_time(vibrating: ButtplugDevice, server: ScriptedServer) -> None:
    server.silence(OutputCmd)
    loop = asyncio.get_running_loop()
    started = loop.time()
    ends = []

    async def ask(after: float) -> None:
        await asyncio.sleep(after)
        with pytest.raises(ButtplugConnectorError):
            await vibrating.vibrate(1)
        ends.append(loop.time() - started)

    await asyncio.gather(*(ask(after) for after in (0, 4, 4, 29, 31, 100)))
    assert ends == pytest.approx([30, 34, 34, 59, 61, 130])


async def test_the_time_limit_can_be_set(server: ScriptedServer) -> None:
    server.silence(StartScanning)
    async with ButtplugClient("Tests", request_timeout=0.5) as client:
        await client.connect(server)
        with pytest.raises(ButtplugConnectorError, match=r"StartScanning within 0\.5 s"):
            await client.start_scanning()


async def test_a_reply_after_the_time_limit_disturbs_nobody(
    client: ButtplugClient, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    server.silence(OutputCmd)
    with pytest.raises(ButtplugConnectorError):
        await vibrating.vibrate(1)
    server.say(Ok(server.received[-1].id))
    await client.start_scanning()
    assert not errors


async def test_a_request_that_is_cancelled_is_forgotten_and_its_reply_ignored(
    client: ButtplugClient, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    server.silence(OutputCmd)
    task = asyncio.create_task(vibrating.vibrate(1))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.say(Ok(server.received[-1].id))
    await client.start_scanning()


async def test_the_failure_of_a_request_that_was_given_up_is_logged(
    vibrating: ButtplugDevice, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.silence(OutputCmd)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(vibrating.vibrate(1), 1)
    server.say(Error(server.received[-1].id, "motor stuck", ErrorCode.DEVICE))
    assert "motor stuck" in caplog.text


async def test_a_lost_connection_fails_every_pending_request_at_once(
    client: ButtplugClient, stroking: ButtplugDevice, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    for kind in (OutputCmd, InputCmd, StartScanning):
        server.silence(kind)
    calls = (vibrating.vibrate(1), stroking.vibrate(1), stroking.battery(), client.start_scanning())
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(3)
    server.lose("cable cut")
    started = asyncio.get_running_loop().time()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert asyncio.get_running_loop().time() == started
    assert [type(result) for result in results] == [ButtplugConnectorError] * 4
    assert all("cable cut" in str(result) for result in results)
    assert "OutputCmd" in str(results[0])
    assert "InputCmd" in str(results[2])


async def test_the_clients_own_disconnect_fails_pending_requests_too(
    client: ButtplugClient, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    server.silence(OutputCmd)
    task = asyncio.create_task(vibrating.vibrate(1))
    await asyncio.sleep(1)
    await client.disconnect()
    with pytest.raises(ButtplugConnectorError, match="the client disconnected"):
        await task


@pytest.mark.parametrize("ask", ["start_scanning", "stop_scanning", "stop_all_devices"])
async def test_without_a_connection_requests_fail(ask: str) -> None:
    with pytest.raises(ButtplugConnectorError, match=r"^Not connected: connect\(\) comes first"):
        await getattr(ButtplugClient("Tests"), ask)()


async def test_a_server_that_answers_at_once_does_not_keep_other_tasks_from_running(
    vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    server.instant = True
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    for _ in range(100):
        await vibrating.vibrate(1)
    ticking.cancel()
    assert ticks >= 100


async def test_a_message_that_cannot_be_sent_fails_its_request_only(
    client: ButtplugClient, vibrating: ButtplugDevice, server: ScriptedServer
) -> None:
    server.connected = False
    with pytest.raises(ButtplugConnectorError, match="the scripted server is gone"):
        await vibrating.vibrate(1)
    server.connected = True
    await vibrating.vibrate(1)
