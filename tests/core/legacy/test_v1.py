"""Version 1: one speed for all vibrators, commands for single models, tests of the connection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.legacy.v1 import stroke_duration
from buttplug.core.messages import DeviceList, Error, Ok
from tests.core.legacy.helpers import EVERYTHING, NOTHING, Client, device, feature

STROKER = device(feature(0, HwPositionWithDuration=(0, 99)))
old = pytest.mark.parametrize("version", [0, 1])


@pytest.fixture
def client() -> Client:
    return Client(1, EVERYTHING, NOTHING)


def test_a_device_is_listed_with_its_counts(client: Client) -> None:
    assert client.listed() == [
        {
            "DeviceName": "Toy",
            "DeviceIndex": 0,
            "DeviceMessages": {
                "StopDeviceCmd": {},
                "SingleMotorVibrateCmd": {},
                "VibrateCmd": {"FeatureCount": 3},
                "RotateCmd": {"FeatureCount": 1},
                "LinearCmd": {"FeatureCount": 2},
                "FleshlightLaunchFW12Cmd": {},
                "VorzeA10CycloneCmd": {},
            },
        },
        {"DeviceName": "Lamp", "DeviceIndex": 3, "DeviceMessages": {"StopDeviceCmd": {}}},
    ]


def test_a_command_is_only_listed_where_something_takes_it() -> None:
    assert list(Client(1, device(feature(0, Vibrate=(0, 5)))).messages_of()) == [
        *("StopDeviceCmd", "SingleMotorVibrateCmd", "VibrateCmd"),
    ]
    assert list(Client(1, STROKER).messages_of()) == ["StopDeviceCmd", "LinearCmd", "FleshlightLaunchFW12Cmd"]
    assert list(Client(1, device(feature(0, Rotate=(-5, 5)))).messages_of()) == [
        *("StopDeviceCmd", "RotateCmd", "VorzeA10CycloneCmd"),
    ]


# SingleMotorVibrateCmd


@pytest.mark.parametrize("version", range(4))
def test_one_speed_sets_every_vibrator_by_its_own_steps(version: int) -> None:
    client = Client(version, EVERYTHING)
    assert client.outputs("SingleMotorVibrateCmd", Speed=0.5) == [
        (1, "Vibrate", 50, None),
        (2, "Vibrate", 10, None),
        (5, "Vibrate", 5, None),
    ]
    assert [output[2] for output in client.outputs("SingleMotorVibrateCmd", Speed=0)] == [0, 0, 0]


@pytest.mark.parametrize("version", range(4))
def test_where_nothing_vibrates_one_speed_is_refused(version: int) -> None:
    client = Client(version, NOTHING)
    assert client.refusal("SingleMotorVibrateCmd", DeviceIndex=3, Speed=1) == (4, 'Device 3 "Lamp": nothing vibrates')
    assert client.refusal("SingleMotorVibrateCmd", DeviceIndex=3, Speed=1.5)[0] == 3


# FleshlightLaunchFW12Cmd


@pytest.mark.parametrize(
    ("distance", "speed", "duration"), [(1, 1, 210), (1, 0.5, 407), (0.5, 0.5, 203), (1, 50 / 99, 403), (1, 1 / 99, 16582)]
)
def test_the_duration_of_a_stroke_follows_the_curve_of_the_launch(distance: float, speed: float, duration: int) -> None:
    assert stroke_duration(distance, speed) == duration


def launch(client: Client, position: int, speed: int) -> list[tuple[int, str, int, int | None]]:
    return client.done("FleshlightLaunchFW12Cmd", Position=position, Speed=speed)


@old
def test_a_launch_moves_from_where_it_was_sent_last(version: int) -> None:
    client = Client(version, STROKER)
    assert launch(client, 99, 99) == [(0, "HwPositionWithDuration", 99, stroke_duration(1, 1))]
    assert launch(client, 0, 50) == [(0, "HwPositionWithDuration", 0, stroke_duration(1, 50 / 99))]
    assert launch(client, 33, 99) == [(0, "HwPositionWithDuration", 33, stroke_duration(1 / 3, 1))]


@old
def test_a_launch_without_speed_or_way_does_not_move_and_that_is_ok(version: int) -> None:
    client = Client(version, STROKER)
    assert launch(client, 33, 0) == []
    launch(client, 33, 99)
    assert launch(client, 33, 99) == []
    assert launch(client, 99, 0) == []
    assert launch(client, 99, 99) == [(0, "HwPositionWithDuration", 99, stroke_duration(2 / 3, 1))]


@pytest.mark.parametrize(("position", "distance"), [(0, 1), (33, 66 / 99), (66, 66 / 99), (99, 1)])
def test_a_launch_that_may_be_anywhere_takes_the_time_of_its_longest_way(position: int, distance: float) -> None:
    expected = [(0, "HwPositionWithDuration", position, stroke_duration(distance, 1))]
    client = Client(1, STROKER)
    assert launch(client, position, 99) == expected
    # It may have been stopped on its way.
    for stop in ("StopDeviceCmd", "StopAllDevices"):
        launch(client, 50, 99)
        client.say(stop, DeviceIndex=0)
        assert launch(client, position, 99) == expected
    # A command that failed may have moved it or not.
    launch(client, 50, 99)
    (message,) = client.command("FleshlightLaunchFW12Cmd", Position=20, Speed=99)
    client.answer(Error(message.id, "no luck", 4))
    assert launch(client, position, 99) == expected
    # A command on its way may still fail, and a stop may overtake it.
    (message,) = client.command("FleshlightLaunchFW12Cmd", Position=20, Speed=99)
    (stop_message,) = client.command("StopDeviceCmd")
    client.answer(Ok(stop_message.id), Ok(message.id))
    assert launch(client, position, 99) == expected


def test_a_launch_knows_where_it_is_while_other_devices_come_and_go() -> None:
    client = Client(1, STROKER)
    launch(client, 66, 99)
    client.answer(DeviceList(0, {0: STROKER, 3: NOTHING}))
    assert launch(client, 99, 99) == [(0, "HwPositionWithDuration", 99, stroke_duration(1 / 3, 1))]
    client.answer(DeviceList(0, {3: NOTHING}))
    client.answer(DeviceList(0, {0: STROKER, 3: NOTHING}))
    assert launch(client, 99, 99) == [(0, "HwPositionWithDuration", 99, stroke_duration(1, 1))]


def test_a_launch_knows_where_linear_commands_have_sent_it() -> None:
    client = Client(1, STROKER)
    client.done("LinearCmd", Vectors=[{"Index": 0, "Duration": 100, "Position": 2 / 3}])
    assert launch(client, 99, 99) == [(0, "HwPositionWithDuration", 99, stroke_duration(1 / 3, 1))]


@old
def test_all_strokers_of_a_device_are_launched(version: int) -> None:
    client = Client(version, EVERYTHING)
    assert launch(client, 99, 99) == [
        (8, "HwPositionWithDuration", 99, stroke_duration(1, 1)),
        (9, "HwPositionWithDuration", 1000, stroke_duration(1, 1)),
    ]


@given(st.integers(0, 99), st.integers(1, 99))
def test_a_slower_launch_takes_longer_and_none_is_faster_than_the_real_one(position: int, speed: int) -> None:
    assert stroke_duration(1, speed / 99) >= stroke_duration(1, 1) == 210
    client = Client(0, STROKER)
    ((_, _, place, duration),) = launch(client, position, speed)
    assert place == position
    assert duration is not None
    assert duration >= 105


@old
@pytest.mark.parametrize("field", ["Position", "Speed"])
def test_places_and_speeds_of_a_launch_go_up_to_99(version: int, field: str) -> None:
    client = Client(version, STROKER)
    for legal in (0, 99, 99.0):
        client.done("FleshlightLaunchFW12Cmd", **{"Position": 1, "Speed": 1, field: legal})
    for wrong in (-1, 100, 0.5, "5", None):
        fields: dict[str, Any] = {"Position": 1, "Speed": 1, field: wrong}
        assert client.refusal("FleshlightLaunchFW12Cmd", DeviceIndex=0, **fields)[0] == 3


# VorzeA10CycloneCmd


@old
@pytest.mark.parametrize(("speed", "clockwise", "step"), [(0, True, 0), (1, True, 1), (50, False, -10), (100, True, 20)])
def test_a_cyclone_turns_all_that_turns_both_ways(version: int, speed: int, clockwise: bool, step: int) -> None:
    client = Client(version, device(feature(0, Rotate=(0, 5)), feature(1, Rotate=(-20, 20)), feature(2, Rotate=(-40, 40))))
    turned = client.outputs("VorzeA10CycloneCmd", Speed=speed, Clockwise=clockwise)
    assert [output[0] for output in turned] == [1, 2]
    assert turned[0] == (1, "Rotate", step, None)


@old
@pytest.mark.parametrize("speed", [-1, 101, 0.5])
def test_speeds_of_a_cyclone_go_up_to_100(version: int, speed: float) -> None:
    assert Client(version, EVERYTHING).refusal("VorzeA10CycloneCmd", DeviceIndex=0, Speed=speed, Clockwise=True)[0] == 3


@old
def test_a_device_of_another_kind_refuses_the_commands_of_a_model(version: int) -> None:
    client = Client(version, device(feature(0, Vibrate=(0, 5), Rotate=(0, 5), Position=(0, 5))))
    assert client.refusal("FleshlightLaunchFW12Cmd", DeviceIndex=0, Position=0, Speed=0) == (
        4,
        'Device 0 "Toy": nothing moves to a place within a time',
    )
    assert client.refusal("VorzeA10CycloneCmd", DeviceIndex=0, Speed=0, Clockwise=True) == (
        4,
        'Device 0 "Toy": nothing turns both ways',
    )


# Tests of the connection


@old
@pytest.mark.parametrize("text", ["", "echo", "röd 🚀", "error", "x" * 1024])
def test_a_test_comes_back(version: int, text: str) -> None:
    assert Client(version).reply_to("Test", id_=9, TestString=text) == ("Test", {"Id": 9, "TestString": text})


@old
def test_a_long_test_is_refused(version: int) -> None:
    assert Client(version).refusal("Test", TestString="x" * 1025) == (3, "Test: 1025 characters are over the limit of 1024")


@old
def test_a_test_may_ask_for_an_error(version: int) -> None:
    assert Client(version).refusal("Test", TestString="Error")[0] == 3
    assert Client(version).refusal("Test")[0] == 3


@pytest.mark.parametrize("version", [0, 1, 2])
def test_no_log_is_sent_and_only_its_end_can_be_asked_for(version: int) -> None:
    client = Client(version)
    assert client.reply_to("RequestLog", LogLevel="Off") == ("Ok", {"Id": 1})
    for level in ("Fatal", "Error", "Warn", "Info", "Debug", "Trace", "everything"):
        code, reason = client.refusal("RequestLog", LogLevel=level)
        assert (code, "sends its log to no client" in reason) == (3, True)
