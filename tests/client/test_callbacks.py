"""Callbacks: plain or async, in order, outside the reading of messages, and harmless when they raise."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugDevice,
    ButtplugMessageError,
    ButtplugUnknownError,
    ErrorCode,
)
from buttplug.core.codec import Malformed
from buttplug.core.messages import Error, Ok, OutputCmd, RequestDeviceList, ScanningFinished, StopCmd
from tests.fakes.scripted_server import ScriptedServer, vibrator


async def test_devices_that_are_there_at_the_start_were_added_when_connect_returns(server: ScriptedServer) -> None:
    added: list[tuple[str, bool]] = []
    client = ButtplugClient("Tests")
    client.on_device_added = lambda device: added.append((device.name, client.connected))
    async with client:
        await client.connect(server)
        assert added == [("Demo Stroker", True), ("Demo Vibrator", True)]


async def test_a_plain_callback_has_run_when_a_later_reply_is_returned(client: ButtplugClient, server: ScriptedServer) -> None:
    told: list[str] = []
    client.on_device_removed = lambda device: told.append(f"removed {device.name}")
    client.on_device_added = lambda device: told.append(f"added {device.name}")
    client.on_scanning_finished = lambda: told.append("finished")

    def find_first(message: StopCmd) -> Ok:
        server.show(vibrator(7), vibrator(8, "New"))
        server.say(ScanningFinished(0))
        return Ok(message.id)

    server.script(StopCmd, find_first)
    await client.stop_all_devices()
    assert told == ["removed Demo Stroker", "added New", "finished"]


async def test_a_callback_may_command_the_device_it_is_told_of(client: ButtplugClient, server: ScriptedServer) -> None:
    done = asyncio.Event()

    async def buzz(device: ButtplugDevice) -> None:
        await device.vibrate(0.25)
        await device.stop()
        done.set()

    client.on_device_added = buzz
    server.show(vibrator(7), vibrator(8))
    await asyncio.wait_for(done.wait(), 1)
    assert [type(message) for message in server.received[-2:]] == [OutputCmd, StopCmd]


async def test_callbacks_are_called_one_after_the_other_in_order(client: ButtplugClient, server: ScriptedServer) -> None:
    told: list[str] = []

    async def slowly(device: ButtplugDevice) -> None:
        told.append(f"begin {device.index}")
        await asyncio.sleep(1)
        told.append(f"end {device.index}")

    client.on_device_added = slowly
    client.on_scanning_finished = lambda: told.append("finished")
    server.show(vibrator(0), vibrator(1))
    server.say(ScanningFinished(0))
    await asyncio.sleep(3)
    assert told == ["begin 0", "end 0", "begin 1", "end 1", "finished"]


async def test_a_callback_that_never_ends_keeps_neither_messages_nor_the_program_waiting(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    async def forever(device: ButtplugDevice) -> None:
        while True:
            await device.vibrate(0.5)
            await asyncio.sleep(1)

    client.on_device_added = forever
    server.show(vibrator(0))
    await asyncio.sleep(10)
    assert len(server.sent(OutputCmd)) == 10
    server.show()
    assert client.devices == {}


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_a_callback_that_raises_is_reported_and_breaks_nothing(
    client: ButtplugClient, server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = []
    seen: list[int] = []
    mistake = ZeroDivisionError("a bug")

    def plain(device: ButtplugDevice) -> None:
        seen.append(device.index)
        raise mistake

    async def async_(device: ButtplugDevice) -> None:
        plain(device)

    client.on_device_added = plain if kind == "plain" else async_
    client.on_error = errors.append
    server.show(vibrator(0), vibrator(1))
    await client.start_scanning()
    await asyncio.sleep(0.1)
    assert seen == [0, 1]
    assert errors == [mistake, mistake]
    assert "A callback" in caplog.text
    assert "ZeroDivisionError: a bug" in caplog.text


async def test_an_error_callback_that_raises_is_logged_and_not_called_with_its_own_error(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Exception] = []

    def broken(error: Exception) -> None:
        calls.append(error)
        raise ZeroDivisionError("a bug")

    client.on_error = broken
    server.say(Error(0, "first", ErrorCode.UNKNOWN))
    server.say(Error(0, "second", ErrorCode.UNKNOWN))
    await asyncio.sleep(1)
    assert [str(error) for error in calls] == ["first", "second"]
    assert "ZeroDivisionError: a bug" in caplog.text


async def test_a_callback_that_is_cancelled_from_within_does_not_end_the_others(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    told: list[int] = []

    async def wait_for_something_cancelled(device: ButtplugDevice) -> None:
        told.append(device.index)
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        await cancelled

    client.on_device_added = wait_for_something_cancelled
    server.show(vibrator(0), vibrator(1))
    await asyncio.sleep(1)
    assert told == [0, 1]


async def test_an_error_without_a_cause_is_told(client: ButtplugClient, server: ScriptedServer) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    server.say(Error(0, "something is wrong", ErrorCode.UNKNOWN))
    await asyncio.sleep(0)
    assert [(type(error), str(error)) for error in errors] == [(ButtplugUnknownError, "something is wrong")]


async def test_what_cannot_be_read_is_told_and_skipped(client: ButtplugClient, server: ScriptedServer) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    server.say(Malformed("not JSON"))
    server.say(Malformed("unknown message", 4711, "Surprise"))
    server.say(Ok(0))
    await client.start_scanning()
    assert [type(error) for error in errors] == [ButtplugMessageError] * 3
    assert "not JSON" in str(errors[0])


async def test_a_program_can_connect_again_from_the_callback_that_tells_of_the_loss(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    async def again() -> None:
        await client.connect(server)

    client.on_server_disconnect = again
    server.lose()
    await asyncio.sleep(1)
    assert client.connected
    assert len(server.sent(RequestDeviceList)) == 2


async def test_a_callback_may_disconnect(client: ButtplugClient, server: ScriptedServer) -> None:
    client.on_scanning_finished = client.disconnect
    server.say(ScanningFinished(0))
    await asyncio.sleep(1)
    assert not client.connected
    assert not server.connected
