"""Reading inputs, and subscriptions to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugMessageError,
    ErrorCode,
    InputCommandType,
    InputType,
    Reading,
)
from buttplug.client.subscription import READING_LIMIT
from buttplug.core.messages import Error, FeatureInfo, InputCmd, InputLimits, InputReading, InputValue, Ok
from tests.fakes.scripted_server import ScriptedServer, device_info, vibrator


def answer_reads(server: ScriptedServer, value: int) -> None:
    """Have every read give a value, and the rest an Ok."""

    def answer(message: InputCmd) -> InputReading | Ok:
        if message.command == "Read":
            reading = {message.type: InputValue(value)}
            return InputReading(message.id, message.device_index, message.feature_index, reading)
        return Ok(message.id)

    server.script(InputCmd, answer)


def press(server: ScriptedServer, value: int, feature: int = 5) -> None:
    """Send a reading of a pressure sensor."""
    server.say(InputReading(0, 2, feature, {"Pressure": InputValue(value)}))


def commands(server: ScriptedServer) -> list[tuple[int, str]]:
    """Return feature and command of each input command."""
    return [(message.feature_index, message.command) for message in server.sent(InputCmd)]


async def values(readings: AsyncIterator[Reading]) -> list[int]:
    """Return all readings up to the end."""
    return [reading.value async for reading in readings]


# Reading


async def test_a_battery_is_full_at_1(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    answer_reads(server, 87)
    assert await stroking.battery() == 0.87
    assert await stroking.features[4].battery() == 0.87
    assert server.sent(InputCmd)[0] == InputCmd(3, 2, 4, "Battery", "Read")


@pytest.mark.parametrize(("spellings", "asked"), [(["RSSI"], "RSSI"), (["Rssi"], "Rssi"), (["Rssi", "RSSI"], "RSSI")])
@pytest.mark.parametrize("answered", ["RSSI", "Rssi", "rssi"])
async def test_rssi_is_read_in_the_servers_spelling(
    client: ButtplugClient, server: ScriptedServer, spellings: list[str], asked: str, answered: str
) -> None:
    limits = InputLimits([(-128, 0)], ["Read"])
    server.show(device_info(0, "X", FeatureInfo(0, "", input=dict.fromkeys(spellings, limits))))
    server.script(InputCmd, lambda message: InputReading(message.id, 0, 0, {answered: InputValue(-61)}))
    device = client.devices[0]
    assert device.has_rssi()
    assert device.has_input("RSSI")
    assert device.features[0].supports_input_command(InputType.RSSI, InputCommandType.READ)
    assert await device.rssi() == -61
    assert server.sent(InputCmd)[0].type == asked


async def test_other_inputs_are_read_as_they_are(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    answer_reads(server, 333)
    assert await stroking.read(InputType.PRESSURE) == 333
    assert await stroking.features[5].read("Pressure") == 333


async def test_inputs_that_are_not_there_are_device_errors(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    with pytest.raises(ButtplugDeviceError, match=r'no RSSI sensor.*"Demo Stroker"'):
        await stroking.rssi()
    with pytest.raises(ButtplugDeviceError, match=r'not support Battery input.*"Demo Stroker", feature 5'):
        await stroking.features[5].battery()
    assert server.sent(InputCmd) == []


async def test_commands_that_an_input_does_not_know_are_refused_before_they_are_sent(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    with pytest.raises(ButtplugDeviceError, match=r"Read is not possible for Pressure .*feature 6"):
        await stroking.features[6].read(InputType.PRESSURE)
    with pytest.raises(ButtplugDeviceError, match=r"Subscribe is not possible for Battery .*feature 4"):
        stroking.subscribe(InputType.BATTERY)
    assert server.sent(InputCmd) == []


@pytest.mark.parametrize(
    ("feature", "input_type", "supported"),
    [
        (4, InputType.BATTERY, [InputCommandType.READ]),
        (5, InputType.PRESSURE, list(InputCommandType)),
        (6, "Pressure", [InputCommandType.SUBSCRIBE, InputCommandType.UNSUBSCRIBE]),
        (4, InputType.PRESSURE, []),
        (0, InputType.BATTERY, []),
    ],
)
async def test_what_can_be_subscribed_to_can_be_unsubscribed_from(
    stroking: ButtplugDevice, feature: int, input_type: InputType, supported: list[InputCommandType]
) -> None:
    tested = stroking.features[feature]
    assert [it for it in InputCommandType if tested.supports_input_command(input_type, it)] == supported


async def test_a_reading_of_something_else_is_a_message_error(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(InputCmd, lambda message: InputReading(message.id, 2, 4, {"Pressure": InputValue(1)}))
    with pytest.raises(ButtplugMessageError, match="Battery"):
        await stroking.battery()


# Subscriptions


async def test_readings_come_until_the_loop_is_left_and_that_unsubscribes(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    seen = []
    feature = stroking.features[5]
    asyncio.get_running_loop().call_later(1, press, server, 10)
    asyncio.get_running_loop().call_later(2, press, server, 20)
    async for reading in feature.subscribe(InputType.PRESSURE):
        seen.append(reading)
        if len(seen) == 2:
            break
    assert seen == [Reading(feature, 10), Reading(feature, 20)]
    await asyncio.sleep(0.1)
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe")]


async def test_aclosing_unsubscribes_before_the_next_line(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    async with aclosing(stroking.features[5].subscribe(InputType.PRESSURE)) as readings:
        asyncio.get_running_loop().call_later(1, press, server, 10)
        assert (await anext(readings)).value == 10
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe")]


async def test_a_listener_that_is_cancelled_unsubscribes(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await asyncio.sleep(1)
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe")]


async def test_several_listeners_share_one_subscription(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    feature = stroking.features[5]
    first, second = (asyncio.create_task(values(feature.subscribe("Pressure"))) for _ in range(2))
    await asyncio.sleep(1)
    press(server, 1)
    await asyncio.sleep(1)
    first.cancel()
    await asyncio.sleep(1)
    assert commands(server) == [(5, "Subscribe")]
    press(server, 2)
    await asyncio.sleep(1)
    await stroking.stop()
    assert await second == [1, 2]


async def test_the_last_of_several_listeners_unsubscribes(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    feature = stroking.features[5]
    listeners = [asyncio.create_task(values(feature.subscribe("Pressure"))) for _ in range(3)]
    await asyncio.sleep(1)
    for listener in listeners:
        assert commands(server) == [(5, "Subscribe")]
        listener.cancel()
        await asyncio.sleep(1)
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe")]


async def test_who_joins_while_the_last_one_leaves_is_subscribed(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    def answer_slowly(message: InputCmd) -> None:
        asyncio.get_running_loop().call_later(1, server.say, Ok(message.id))

    server.script(InputCmd, answer_slowly)
    feature = stroking.features[5]
    first = asyncio.create_task(values(feature.subscribe("Pressure")))
    await asyncio.sleep(5)
    first.cancel()
    await asyncio.sleep(0.5)
    second = asyncio.create_task(values(feature.subscribe("Pressure")))
    await asyncio.sleep(5)
    press(server, 7)
    await asyncio.sleep(1)
    await stroking.stop()
    assert await second == [7]
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe"), (5, "Subscribe")]


async def test_a_device_subscribes_to_all_its_inputs_of_a_type(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    async with aclosing(stroking.subscribe(InputType.PRESSURE)) as readings:
        loop = asyncio.get_running_loop()
        loop.call_later(1, press, server, 10, 6)
        loop.call_later(1, press, server, 20, 5)
        assert [await anext(readings), await anext(readings)] == [
            Reading(stroking.features[6], 10),
            Reading(stroking.features[5], 20),
        ]
    assert commands(server) == [(5, "Subscribe"), (6, "Subscribe"), (5, "Unsubscribe"), (6, "Unsubscribe")]


async def test_a_slow_listener_loses_the_oldest_readings(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    async with aclosing(stroking.features[5].subscribe(InputType.PRESSURE)) as readings:
        asyncio.get_running_loop().call_later(1, press, server, 0)
        await anext(readings)
        for value in range(READING_LIMIT + 10):
            press(server, value)
        assert (await anext(readings)).value == 10


async def test_readings_of_nobodys_interest_are_ignored(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    press(server, 1)
    press(server, 1, feature=99)
    server.say(InputReading(0, 99, 0, {"Pressure": InputValue(1)}))
    server.say(InputReading(0, 2, 5, {}))
    await client.stop_all_devices()
    assert errors == []


async def test_a_refused_subscription_is_raised_and_can_be_tried_again(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    server.script(InputCmd, lambda message: Error(message.id, "no", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError, match='"Demo Stroker", feature 5'):
        await anext(stroking.features[5].subscribe(InputType.PRESSURE))
    assert commands(server) == [(5, "Subscribe")]
    answer_reads(server, 0)
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    press(server, 3)
    await asyncio.sleep(1)
    await stroking.stop()
    assert await listening == [3]


async def test_a_subscription_that_is_not_answered_is_taken_back(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(InputCmd, lambda message: None if message.command == "Subscribe" else Ok(message.id))
    with pytest.raises(ButtplugConnectorError, match="within 30 s"):
        await anext(stroking.features[5].subscribe(InputType.PRESSURE))
    assert commands(server) == [(5, "Subscribe"), (5, "Unsubscribe")]


async def test_a_failing_unsubscribe_is_reported(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    async with aclosing(stroking.features[5].subscribe(InputType.PRESSURE)) as readings:
        asyncio.get_running_loop().call_later(1, press, server, 10)
        await anext(readings)
        server.script(InputCmd, lambda message: Error(message.id, "stuck", ErrorCode.DEVICE))
    await asyncio.sleep(0)
    assert [type(error) for error in errors] == [ButtplugDeviceError]


@pytest.mark.parametrize("stop", ["device", "client"])
async def test_a_stop_with_inputs_ends_the_readings_and_needs_no_unsubscribe(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer, stop: str
) -> None:
    listening = asyncio.create_task(values(stroking.subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    press(server, 1)
    await (stroking.stop() if stop == "device" else client.stop_all_devices())
    assert await listening == [1]
    assert commands(server) == [(5, "Subscribe"), (6, "Subscribe")]
    again = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    assert commands(server)[2:] == [(5, "Subscribe")]
    await stroking.stop()
    await again


@pytest.mark.parametrize("stop", ["device without inputs", "feature"])
async def test_a_stop_of_outputs_leaves_the_readings_alone(
    stroking: ButtplugDevice, server: ScriptedServer, stop: str
) -> None:
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    await (stroking.features[5].stop() if stop == "feature" else stroking.stop(inputs=False))
    press(server, 1)
    await asyncio.sleep(1)
    await stroking.stop()
    assert await listening == [1]


async def test_a_removed_device_ends_the_readings_with_a_device_error(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    server.show(vibrator(7))
    with pytest.raises(ButtplugDeviceError, match="Demo Stroker"):
        await listening
    assert commands(server) == [(5, "Subscribe")]


async def test_a_lost_connection_ends_the_readings_with_a_connector_error(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    server.lose("cable cut")
    with pytest.raises(ButtplugConnectorError, match="cable cut"):
        await listening


async def test_the_own_disconnect_ends_the_readings(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    listening = asyncio.create_task(values(stroking.features[5].subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    await client.disconnect()
    assert await listening == []


@pytest.mark.parametrize("end", ["disconnect", "loss", "removal"])
@pytest.mark.parametrize("moment", ["at once", "at once, and closing takes a while", "while it unsubscribes"])
async def test_a_loop_that_was_left_makes_no_noise_at_the_end(
    client: ButtplugClient,
    stroking: ButtplugDevice,
    server: ScriptedServer,
    end: str,
    moment: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Leaving a loop by ``break`` unsubscribes a moment later, when the session or the device may be gone."""
    errors: list[Exception] = []
    client.on_error = errors.append
    asyncio.get_running_loop().call_later(1, press, server, 10)
    async for _ in stroking.subscribe(InputType.PRESSURE):
        break
    server.closing_time = 1 if "closing" in moment else 0
    if moment == "while it unsubscribes":
        server.silence(InputCmd)
        await asyncio.sleep(1)
        assert commands(server)[-2:] == [(5, "Unsubscribe"), (6, "Unsubscribe")]
    if end == "disconnect":
        await client.disconnect()
    elif end == "loss":
        server.lose("cable cut")
    else:
        server.show(vibrator(7))
        server.script(InputCmd, lambda message: Error(message.id, "there is no device 2", ErrorCode.DEVICE))
        for message in server.sent(InputCmd)[2:]:
            server.say(Error(message.id, "there is no device 2", ErrorCode.DEVICE))
    await asyncio.sleep(60)
    assert errors == []
    assert [record.getMessage() for record in caplog.records] == (
        ["The connection to the server ended: cable cut"] if end == "loss" else []
    )
