"""A server that reads slowly: a command to several features is sent piece by piece, and others come in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, ErrorCode
from buttplug.core.messages import ClientMessage, DeviceInfo, Error, FeatureInfo, OutputCmd, OutputLimits, StopCmd
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.scripted_server import ScriptedServer, device_info, stroker


class SlowServer(ScriptedServer):
    """Takes half a second for each message, one after the other, as a websocket does whose server reads slowly."""

    def __init__(self, *devices: DeviceInfo) -> None:
        super().__init__(devices)
        self.sending = asyncio.Lock()

    async def send(self, message: ClientMessage) -> None:
        async with self.sending:
            await asyncio.sleep(0.5)
            await super().send(message)


@pytest.mark.parametrize("everything", [True, False])
async def test_a_stop_in_the_middle_of_a_slow_command_to_several_features_has_the_last_word(everything: bool) -> None:
    server = SlowServer(stroker(2))
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        device = client.devices[2]
        command = asyncio.create_task(device.vibrate(0.5))
        await asyncio.sleep(0.1)
        await (client.stop_all_devices() if everything else device.stop())
        await command
        assert [type(message).__name__ for message in server.received[2:]] == ["OutputCmd", "StopCmd"]


def steps_sent(server: ScriptedServer) -> list[tuple[int, str, int | None]]:
    """Return the feature, type and value of every output command, in the order in which the server got them."""
    return [
        (command.feature_index, type_, arguments.value)
        for command in server.sent(OutputCmd)
        for type_, arguments in command.command.items()
    ]


LEVELS = {type_: OutputLimits((0, 10)) for type_ in ("Vibrate", "Oscillate")}
PLACES = {"Position": OutputLimits((0, 10)), "HwPositionWithDuration": OutputLimits((0, 10), (0, 5000))}
TWO_MOTORS = device_info(4, "Pair", *(FeatureInfo(index, "", LEVELS if index < 2 else PLACES) for index in range(4)))


@pytest.fixture
async def slow() -> AsyncIterator[tuple[ButtplugDevice, ScriptedServer]]:
    """A device with two motors and two parts that move, behind a server that reads slowly."""
    server = SlowServer(TWO_MOTORS)
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        yield client.devices[4], server


Newer = Callable[[ButtplugDevice], Awaitable[None]]


@pytest.mark.parametrize(
    "newer",
    [lambda device: device.vibrate(9), lambda device: device.features[1].vibrate(9), lambda device: device.features[1].stop()],
    ids=["the device", "the feature", "a stop of the feature"],
)
async def test_the_newest_call_has_the_last_word_at_each_feature(
    slow: tuple[ButtplugDevice, ScriptedServer], newer: Newer
) -> None:
    device, server = slow
    older = asyncio.create_task(device.vibrate(2))
    await asyncio.sleep(0.1)
    await newer(device)
    await older
    assert (1, "Vibrate", 2) not in steps_sent(server)
    assert steps_sent(server)[0] == (0, "Vibrate", 2)
    values = dict.fromkeys((0, 1), 0) | {feature: value for feature, _, value in steps_sent(server)}
    assert values[1] in (9, 0)


async def test_of_several_calls_the_newest_has_the_last_word_at_every_feature(
    slow: tuple[ButtplugDevice, ScriptedServer],
) -> None:
    device, server = slow
    calls = []
    for step in range(1, 8):
        calls.append(asyncio.create_task(device.vibrate(step)))
        await asyncio.sleep(0.3)
    await asyncio.gather(*calls)
    assert {feature: value for feature, _, value in steps_sent(server)} == {0: 7, 1: 7}


async def test_another_output_of_the_same_feature_overtakes_nothing(slow: tuple[ButtplugDevice, ScriptedServer]) -> None:
    device, server = slow
    older = asyncio.create_task(device.vibrate(2))
    await asyncio.sleep(0.1)
    await device.features[1].oscillate(9)
    await older
    assert (1, "Vibrate", 2) in steps_sent(server)


async def test_a_move_within_a_time_overtakes_one_without(slow: tuple[ButtplugDevice, ScriptedServer]) -> None:
    device, server = slow
    older = asyncio.create_task(device.position(2))
    await asyncio.sleep(0.1)
    await device.features[3].position(9, duration=1)
    await older
    assert steps_sent(server) == [(2, "Position", 2), (3, "HwPositionWithDuration", 9)]


async def test_a_stop_that_fails_lets_nothing_older_follow(slow: tuple[ButtplugDevice, ScriptedServer]) -> None:
    device, server = slow
    server.script(StopCmd, lambda stop: Error(stop.id, "no luck", ErrorCode.DEVICE))
    older = asyncio.create_task(device.vibrate(2))
    await asyncio.sleep(0.1)
    stopping = asyncio.create_task(device.stop())
    third = asyncio.create_task(device.features[0].oscillate(1))
    with pytest.raises(ButtplugDeviceError, match="no luck"):
        await stopping
    await asyncio.gather(older, third)
    assert (1, "Vibrate", 2) not in steps_sent(server)


async def test_a_cancelled_call_leaves_no_trace(slow: tuple[ButtplugDevice, ScriptedServer]) -> None:
    device, server = slow
    older = asyncio.create_task(device.vibrate(2))
    await asyncio.sleep(0.1)
    older.cancel()
    await asyncio.wait([older])
    await device.vibrate(9)
    assert {feature: value for feature, _, value in steps_sent(server)} == {0: 9, 1: 9}
    assert not device._channel.unsent


#: A pause in tenths of a second, a motor or both of them, and the step, 0 for a stop.
Call = tuple[int, int | None, int]
calls = st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=8)


@given(calls)
@example([(0, None, 2), (1, 1, 9)])
def test_whatever_is_called_when_the_newest_call_for_a_motor_is_what_it_is_told_last(calls: list[Call]) -> None:
    async def play() -> tuple[dict[int, int], dict[int, int]]:
        server = SlowServer(TWO_MOTORS)
        wanted: dict[int, int] = {}
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            device, running = client.devices[4], []
            for tenths, motor, step in calls:
                await asyncio.sleep(tenths / 10)
                wanted |= dict.fromkeys((0, 1) if motor is None else (motor,), step)
                target = device if motor is None else device.features[motor]
                running.append(asyncio.create_task(target.vibrate(step) if step else target.stop()))
            await asyncio.gather(*running)
            return wanted, told_last(server)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        wanted, told = runner.run(play())
    assert {motor: told.get(motor, 0) for motor in wanted} == wanted


def told_last(server: ScriptedServer) -> dict[int, int]:
    """Return the step that each motor was told last, 0 for a stop."""
    last: dict[int, int] = {}
    for message in server.received:
        if isinstance(message, OutputCmd):
            last[message.feature_index] = message.command["Vibrate"].value or 0
        elif isinstance(message, StopCmd):
            last |= dict.fromkeys((0, 1) if message.feature_index is None else (message.feature_index,), 0)
    return last
