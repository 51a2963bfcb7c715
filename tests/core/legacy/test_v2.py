"""Version 2: vibrators by their number, battery and signal, steps in the lists."""

from __future__ import annotations

from typing import Any

import pytest

from buttplug.core.messages import InputCmd, InputReading, InputValue
from tests.core.legacy.helpers import EVERYTHING, NOTHING, READ, Client, device, feature


@pytest.fixture
def client() -> Client:
    return Client(2, EVERYTHING, NOTHING)


def speed(index: int, share: float) -> dict[str, Any]:
    return {"Index": index, "Speed": share}


def test_a_device_is_listed_with_its_counts_and_steps(client: Client) -> None:
    assert client.listed() == [
        {
            "DeviceName": "Toy",
            "DeviceIndex": 0,
            "DeviceMessages": {
                "StopDeviceCmd": {},
                "VibrateCmd": {"FeatureCount": 3, "StepCount": [100, 20, 10]},
                "RotateCmd": {"FeatureCount": 1, "StepCount": [20]},
                "LinearCmd": {"FeatureCount": 2, "StepCount": [99, 1000]},
                "BatteryLevelCmd": {},
                "RSSILevelCmd": {},
            },
        },
        {"DeviceName": "Lamp", "DeviceIndex": 3, "DeviceMessages": {"StopDeviceCmd": {}}},
    ]


@pytest.mark.parametrize("output", ["Oscillate", "Constrict", "Position", "Spray", "Led", "Temperature"])
def test_what_has_no_command_in_this_version_is_not_listed(output: str) -> None:
    assert Client(2, device(feature(0, **{output: (0, 5)}))).messages_of() == {"StopDeviceCmd": {}}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_vibrator_is_found_by_its_number_among_the_vibrators(version: int) -> None:
    client = Client(version, EVERYTHING)
    speeds = [speed(2, 0.5), speed(0, 0.01), speed(1, 0.5)]
    assert client.outputs("VibrateCmd", Speeds=speeds) == [
        (1, "Vibrate", 1, None),
        (2, "Vibrate", 10, None),
        (5, "Vibrate", 5, None),
    ]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("index", [3, 4, 4294967295])
def test_a_vibrator_that_there_is_not_costs_the_whole_command(version: int, index: int) -> None:
    client = Client(version, EVERYTHING)
    assert client.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, 1), speed(index, 1)]) == (
        4,
        f'Device 0 "Toy": there is no VibrateCmd index {index}: the highest is 2',
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_does_not_vibrate_takes_no_speeds(version: int) -> None:
    client = Client(version, device(feature(0, Rotate=(-5, 5))))
    reason = 'Device 0 "Toy": there is no VibrateCmd index 0: nothing vibrates'
    assert client.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, 1)]) == (4, reason)
    assert client.refusal("VibrateCmd", DeviceIndex=0, Speeds=[])[0] == 3


def test_of_several_speeds_for_one_vibrator_the_last_counts(client: Client) -> None:
    speeds = [speed(0, 0.1), speed(1, 1), speed(0, 0.2)]
    assert client.outputs("VibrateCmd", Speeds=speeds) == [(1, "Vibrate", 20, None), (2, "Vibrate", 20, None)]


@pytest.mark.parametrize("share", [-0.1, 1.01])
def test_a_speed_is_a_share(client: Client, share: float) -> None:
    assert client.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, share)])[0] == 3


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("name", "feature_index", "word", "value", "told"),
    [
        ("BatteryLevelCmd", 10, "Battery", 85, ("BatteryLevelReading", {"BatteryLevel": 0.85})),
        ("BatteryLevelCmd", 10, "Battery", 100, ("BatteryLevelReading", {"BatteryLevel": 1.0})),
        ("RSSILevelCmd", 11, "RSSI", -60, ("RSSILevelReading", {"RSSILevel": -60})),
    ],
)
def test_battery_and_signal_are_read(
    version: int, name: str, feature_index: int, word: str, value: int, told: tuple[str, dict[str, Any]]
) -> None:
    client = Client(version, EVERYTHING)
    (message,) = client.command(name)
    assert message == InputCmd(message.id, 0, feature_index, word, "Read")
    reply, fields = told
    assert client.answer(InputReading(message.id, 0, feature_index, {word: InputValue(value)})) == [
        (reply, {"Id": 1, "DeviceIndex": 0, **fields}),
    ]


@pytest.mark.parametrize(("name", "type_"), [("BatteryLevelCmd", "Battery"), ("RSSILevelCmd", "RSSI")])
def test_a_battery_or_signal_that_there_is_not_is_refused(client: Client, name: str, type_: str) -> None:
    reason = f'Device 3 "Lamp": no "{type_}" sensor can be read; those that can: none'
    assert client.refusal(name, DeviceIndex=3) == (4, reason)


def test_a_battery_that_only_reports_by_itself_is_not_listed() -> None:
    client = Client(2, device(feature(0, "", {"Battery": ((0, 100), ["Subscribe"])})))
    assert client.messages_of() == {"StopDeviceCmd": {}}
    assert client.refusal("BatteryLevelCmd", DeviceIndex=0)[0] == 4
    assert "BatteryLevelCmd" in Client(2, device(feature(0, "", {"Battery": ((0, 100), READ)}))).messages_of()
