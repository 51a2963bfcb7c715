"""Version 3: levels by shares and by places in lists, sensors with a name of their own, and what the lists say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.messages import Error, InputCmd, InputReading, InputValue, Ok, RequestDeviceList, StopCmd
from tests.core.legacy.helpers import EVERYTHING, NOTHING, Client, device, feature


@pytest.fixture
def client() -> Client:
    return Client(3, EVERYTHING, NOTHING)


def scalar(index: int, share: float, type_: str) -> dict[str, Any]:
    return {"Index": index, "Scalar": share, "ActuatorType": type_}


def rotation(index: int, speed: float, clockwise: bool = True) -> dict[str, Any]:
    return {"Index": index, "Speed": speed, "Clockwise": clockwise}


def vector(index: int, duration: float, position: float) -> dict[str, Any]:
    return {"Index": index, "Duration": duration, "Position": position}


# What a device is said to take


def test_a_device_is_listed_with_its_name_index_and_gap() -> None:
    client = Client(3, device(index=2, name="Demo", gap=50), device(index=5, display="mine"))
    assert client.listed() == [
        {"DeviceName": "Demo", "DeviceIndex": 2, "DeviceMessages": {"StopDeviceCmd": {}}, "DeviceMessageTimingGap": 50},
        {
            "DeviceName": "Toy",
            "DeviceIndex": 5,
            "DeviceMessages": {"StopDeviceCmd": {}},
            "DeviceMessageTimingGap": 0,
            "DeviceDisplayName": "mine",
        },
    ]


def test_the_outputs_and_inputs_that_old_clients_have_names_for_are_listed_by_feature(client: Client) -> None:
    messages = client.messages_of()
    assert list(messages) == [
        *("StopDeviceCmd", "ScalarCmd", "RotateCmd", "LinearCmd", "SensorReadCmd", "SensorSubscribeCmd"),
    ]
    assert [tuple(entry.values()) for entry in messages["ScalarCmd"]] == [
        ("Tip", 100, "Vibrate"),
        ("Base", 20, "Vibrate"),
        ("Twist", 20, "Rotate"),
        ("Spin", 7, "Rotate"),
        ("Ring", 10, "Vibrate"),
        ("Ring", 40, "Oscillate"),
        ("Ring", 3, "Constrict"),
        ("Shaft", 100, "Position"),
    ]
    assert messages["RotateCmd"] == [{"FeatureDescriptor": "Twist", "StepCount": 20, "ActuatorType": "Rotate"}]
    assert messages["LinearCmd"] == [
        {"FeatureDescriptor": "Shaft", "StepCount": 99, "ActuatorType": "Position"},
        {"FeatureDescriptor": "Slide", "StepCount": 1000, "ActuatorType": "Position"},
    ]
    assert messages["SensorReadCmd"] == [
        {"FeatureDescriptor": "Charge", "SensorType": "Battery", "SensorRange": [[0, 100]]},
        {"FeatureDescriptor": "", "SensorType": "RSSI", "SensorRange": [[-128, 127]]},
        {"FeatureDescriptor": "Bulb", "SensorType": "Pressure", "SensorRange": [[0, 1000]]},
    ]
    assert messages["SensorSubscribeCmd"] == [
        {"FeatureDescriptor": "Bulb", "SensorType": "Pressure", "SensorRange": [[0, 1000]]},
        {"FeatureDescriptor": "Bulb", "SensorType": "Button", "SensorRange": [[0, 1]]},
    ]
    assert messages["StopDeviceCmd"] == {}


@pytest.mark.parametrize("type_", ["Spray", "Led", "Temperature"])
def test_a_type_that_old_clients_have_no_name_for_is_not_listed_and_cannot_be_named(type_: str) -> None:
    client = Client(3, device(feature(0, **{type_: (0, 5)}), feature(1, Vibrate=(0, 5), **{type_: (0, 5)})))
    assert client.messages_of()["ScalarCmd"] == [{"FeatureDescriptor": "", "StepCount": 5, "ActuatorType": "Vibrate"}]
    assert client.outputs("ScalarCmd", Scalars=[scalar(0, 1, "Vibrate")]) == [(1, "Vibrate", 5, None)]
    code, reason = client.refusal("ScalarCmd", DeviceIndex=0, Scalars=[scalar(0, 1, type_)])
    assert (code, reason) == (4, f'Device 0 "Toy": feature 1 has no "{type_}" scalar; its scalars are Vibrate')


def test_an_output_without_steps_is_neither_listed_nor_counted() -> None:
    client = Client(3, device(feature(0, Vibrate=(0, 0)), feature(1, Vibrate=(0, 4))))
    assert [entry["StepCount"] for entry in client.messages_of()["ScalarCmd"]] == [4]
    assert client.outputs("ScalarCmd", Scalars=[scalar(0, 1, "Vibrate")]) == [(1, "Vibrate", 4, None)]


# ScalarCmd


@pytest.mark.parametrize(
    ("index", "type_", "share", "output"),
    [
        (0, "Vibrate", 0.5, (1, "Vibrate", 50, None)),
        (1, "Vibrate", 0.5, (2, "Vibrate", 10, None)),
        (2, "Rotate", 0.5, (3, "Rotate", 10, None)),
        (3, "Rotate", 1, (4, "Rotate", 7, None)),
        (4, "Vibrate", 0.01, (5, "Vibrate", 1, None)),
        (5, "Oscillate", 0.05, (5, "Oscillate", 2, None)),
        (6, "Constrict", 0.4, (5, "Constrict", 2, None)),
        (7, "Position", 0.25, (8, "Position", 25, None)),
        (0, "vibrate", 0.5, (1, "Vibrate", 50, None)),
    ],
)
def test_a_scalar_is_the_entry_of_the_list(
    client: Client, index: int, type_: str, share: float, output: tuple[int, str, int, None]
) -> None:
    assert client.outputs("ScalarCmd", Scalars=[scalar(index, share, type_)]) == [output]


@pytest.mark.parametrize("index", [4, 5, 6])
@pytest.mark.parametrize(("type_", "count"), [("Vibrate", 10), ("Oscillate", 40), ("Constrict", 3)])
def test_an_index_finds_the_feature_and_the_type_its_output(client: Client, index: int, type_: str, count: int) -> None:
    assert client.outputs("ScalarCmd", Scalars=[scalar(index, 1, type_)]) == [(5, type_, count, None)]


@pytest.mark.parametrize(
    ("scalars", "reason"),
    [
        ([scalar(8, 1, "Position")], "there is no ScalarCmd index 8: the highest is 7"),
        ([scalar(4294967295, 1, "Vibrate")], "there is no ScalarCmd index 4294967295: the highest is 7"),
        ([scalar(0, 1, "Rotate")], 'feature 1 has no "Rotate" scalar; its scalars are Vibrate'),
        (
            [scalar(7, 1, "HwPositionWithDuration")],
            'feature 8 has no "HwPositionWithDuration" scalar; its scalars are Position',
        ),
        ([scalar(0, 1, "Inflate")], 'feature 1 has no "Inflate" scalar; its scalars are Vibrate'),
        ([scalar(0, 1, "")], 'feature 1 has no "" scalar; its scalars are Vibrate'),
        ([scalar(0, 1, "Vibrate"), scalar(99, 1, "Vibrate")], "there is no ScalarCmd index 99: the highest is 7"),
        ([scalar(99, 1, "Vibrate"), scalar(0, 1, "Vibrate")], "there is no ScalarCmd index 99: the highest is 7"),
        ([scalar(0, 1, "Rotate"), scalar(0, 1, "Vibrate")], 'feature 1 has no "Rotate" scalar; its scalars are Vibrate'),
    ],
)
def test_one_bad_scalar_and_nothing_happens(client: Client, scalars: list[dict[str, Any]], reason: str) -> None:
    assert client.refusal("ScalarCmd", DeviceIndex=0, Scalars=scalars) == (4, f'Device 0 "Toy": {reason}')


def test_a_device_without_scalars_takes_none(client: Client) -> None:
    assert client.refusal("ScalarCmd", DeviceIndex=3, Scalars=[scalar(0, 1, "Vibrate")]) == (
        4,
        'Device 3 "Lamp": there is no ScalarCmd index 0: it has none',
    )


def test_outputs_are_set_by_feature_whatever_their_order_in_the_message(client: Client) -> None:
    scalars = [scalar(6, 1, "Constrict"), scalar(4, 1, "Vibrate"), scalar(1, 1, "Vibrate"), scalar(0, 1, "Vibrate")]
    assert [output[:2] for output in client.outputs("ScalarCmd", Scalars=scalars)] == [
        (1, "Vibrate"),
        (2, "Vibrate"),
        (5, "Constrict"),
        (5, "Vibrate"),
    ]


def test_of_several_scalars_for_one_entry_or_one_output_the_last_counts(client: Client) -> None:
    scalars = [scalar(0, 0.1, "Vibrate"), scalar(1, 1, "Vibrate"), scalar(0, 0.2, "Vibrate")]
    assert client.outputs("ScalarCmd", Scalars=scalars) == [(1, "Vibrate", 20, None), (2, "Vibrate", 20, None)]
    scalars = [scalar(4, 1, "Vibrate"), scalar(4, 1, "Constrict")]
    assert client.outputs("ScalarCmd", Scalars=scalars) == [(5, "Constrict", 3, None)]
    scalars = [scalar(4, 1, "Vibrate"), scalar(5, 0.5, "Vibrate")]
    assert client.outputs("ScalarCmd", Scalars=scalars) == [(5, "Vibrate", 5, None)]


@pytest.mark.parametrize(
    ("type_", "count", "share", "step"),
    [
        ("Vibrate", 100, 0, 0),
        ("Vibrate", 100, 0.0000009, 0),
        ("Vibrate", 100, 0.000001, 1),
        ("Vibrate", 1, 0.000001, 1),
        ("Vibrate", 100, 0.07, 7),
        ("Vibrate", 100, 0.29, 29),
        ("Vibrate", 20, 0.55, 11),
        ("Vibrate", 127, 0.5, 64),
        ("Vibrate", 100, 1, 100),
        ("Vibrate", 65535, 0.99999, 65535),
        ("Position", 100, 0, 0),
        ("Position", 100, 0.0000009, 1),
        ("Position", 100, 0.07, 7),
        ("Position", 100, 1, 100),
    ],
)
def test_a_share_is_rounded_up_to_a_step(type_: str, count: int, share: float, step: int) -> None:
    client = Client(3, device(feature(0, **{type_: (0, count)})))
    assert client.outputs("ScalarCmd", Scalars=[scalar(0, share, type_)]) == [(0, type_, step, None)]


@given(st.integers(1, 100_000), st.data())
def test_the_share_that_a_client_makes_of_a_step_is_that_step(count: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, count))
    client = Client(3, device(feature(0, Vibrate=(0, count), Position=(0, count), HwPositionWithDuration=(0, count))))
    share = step / count
    assert client.outputs("ScalarCmd", Scalars=[scalar(0, share, "Vibrate")]) == [(0, "Vibrate", step, None)]
    assert client.outputs("ScalarCmd", Scalars=[scalar(1, share, "Position")]) == [(0, "Position", step, None)]
    assert client.outputs("LinearCmd", Vectors=[vector(0, 5, share)]) == [(0, "HwPositionWithDuration", step, 5)]


# RotateCmd


@pytest.mark.parametrize(("speed", "clockwise", "step"), [(0.5, True, 10), (0.5, False, -10), (0, False, 0), (1, False, -20)])
def test_a_rotation_goes_either_way(client: Client, speed: float, clockwise: bool, step: int) -> None:
    assert client.outputs("RotateCmd", Rotations=[rotation(0, speed, clockwise)]) == [(3, "Rotate", step, None)]


def test_what_turns_one_way_only_is_not_in_the_list_of_rotators(client: Client) -> None:
    assert client.refusal("RotateCmd", DeviceIndex=0, Rotations=[rotation(0, 1), rotation(1, 1)]) == (
        4,
        'Device 0 "Toy": there is no RotateCmd index 1: the highest is 0',
    )
    only_one_way = Client(3, device(feature(0, Rotate=(0, 5))))
    assert only_one_way.refusal("RotateCmd", DeviceIndex=0, Rotations=[rotation(0, 1)]) == (
        4,
        'Device 0 "Toy": there is no RotateCmd index 0: it has none',
    )


# LinearCmd


@pytest.mark.parametrize(
    ("position", "place"), [(0, 0), (0.01, 1), (0.29, 29), (0.299, 29), (0.57, 57), (0.999, 99), (1, 100), (1.0, 100)]
)
def test_a_place_is_rounded_down(position: float, place: int) -> None:
    client = Client(3, device(feature(4, HwPositionWithDuration=(0, 100))))
    assert client.outputs("LinearCmd", Vectors=[vector(0, 420, position)]) == [(4, "HwPositionWithDuration", place, 420)]


@pytest.mark.parametrize(("duration", "sent"), [(0, 0), (0.9, 0), (420.0, 420), (420.7, 420), (1e300, 4294967295)])
def test_the_fraction_of_a_duration_is_dropped(client: Client, duration: float, sent: int) -> None:
    assert client.outputs("LinearCmd", Vectors=[vector(1, duration, 0.5)]) == [(9, "HwPositionWithDuration", 500, sent)]


def test_each_vector_moves_its_own_feature(client: Client) -> None:
    assert client.outputs("LinearCmd", Vectors=[vector(1, 300, 1), vector(0, 200, 1)]) == [
        (8, "HwPositionWithDuration", 99, 200),
        (9, "HwPositionWithDuration", 1000, 300),
    ]
    assert client.refusal("LinearCmd", DeviceIndex=0, Vectors=[vector(2, 1, 1)])[1].endswith("the highest is 1")


def test_without_vectors_nothing_happens_and_that_is_ok(client: Client) -> None:
    (message,) = client.command("LinearCmd", Vectors=[])
    assert isinstance(message, RequestDeviceList)
    assert client.answer(Ok(message.id)) == [("Ok", {"Id": 1})]
    assert client.refusal("LinearCmd", DeviceIndex=7, Vectors=[])[0] == 4


# Stops


def test_a_stop_of_one_device_or_of_all_leaves_subscriptions_alone(client: Client) -> None:
    (one,) = client.command("StopDeviceCmd")
    (all_,) = client.say("StopAllDevices")
    assert (one, all_) == (StopCmd(one.id, 0, inputs=False), StopCmd(all_.id, inputs=False))


# Sensors


@pytest.mark.parametrize(
    ("index", "type_", "feature_index", "word"),
    [
        (0, "Battery", 10, "Battery"),
        (1, "RSSI", 11, "RSSI"),
        (1, "Rssi", 11, "RSSI"),
        (2, "Pressure", 12, "Pressure"),
        (2, "Battery", 10, "Battery"),
        (99, "Battery", 10, "Battery"),
        (-1, "battery", 10, "Battery"),
    ],
)
def test_a_sensor_is_read_and_told_as_it_was_asked_for(
    client: Client, index: int, type_: str, feature_index: int, word: str
) -> None:
    (message,) = client.command("SensorReadCmd", SensorIndex=index, SensorType=type_)
    assert message == InputCmd(message.id, 0, feature_index, word, "Read")
    told = client.answer(InputReading(message.id, 0, feature_index, {word: InputValue(-42)}))
    assert told == [
        ("SensorReading", {"Id": 1, "DeviceIndex": 0, "SensorIndex": index, "SensorType": type_, "Data": [-42]}),
    ]


def test_of_several_sensors_of_a_type_the_index_tells_which() -> None:
    two = [feature(index, "", {"Battery": ((0, 100), ["Read"])}) for index in (2, 7)]
    client = Client(3, device(*two))
    for index, feature_index in ((0, 2), (1, 7), (2, 2)):
        (message,) = client.command("SensorReadCmd", SensorIndex=index, SensorType="Battery")
        assert message == InputCmd(message.id, 0, feature_index, "Battery", "Read")


@pytest.mark.parametrize(
    ("name", "type_", "doing", "known"),
    [
        ("SensorReadCmd", "Button", "read", "Battery, RSSI, Pressure"),
        ("SensorReadCmd", "Depth", "read", "Battery, RSSI, Pressure"),
        ("SensorSubscribeCmd", "Battery", "subscribed to", "Pressure, Button"),
        ("SensorUnsubscribeCmd", "Battery", "subscribed to", "Pressure, Button"),
    ],
)
def test_a_sensor_that_there_is_not_is_refused(client: Client, name: str, type_: str, doing: str, known: str) -> None:
    reason = f'Device 0 "Toy": no "{type_}" sensor can be {doing}; those that can: {known}'
    assert client.refusal(name, DeviceIndex=0, SensorIndex=0, SensorType=type_) == (4, reason)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ScalarCmd", {"Scalars": [scalar(0, 1, "\x1b[31m\n\u202e" * 100)]}),
        ("SensorReadCmd", {"SensorIndex": 0, "SensorType": "\x1b[31m\n\u202e" * 100}),
        ("SensorSubscribeCmd", {"SensorIndex": 0, "SensorType": "\x1b[31m\n\u202e" * 100}),
    ],
)
def test_of_a_type_that_there_is_not_the_beginning_is_told_without_what_could_disturb_a_log(
    client: Client, name: str, fields: dict[str, Any]
) -> None:
    _, reason = client.refusal(name, DeviceIndex=0, **fields)
    assert '"?[31m???[31m??' in reason
    assert reason.isprintable()
    assert len(reason) < 200


def test_readings_are_told_with_the_index_of_the_subscription(client: Client) -> None:
    (message,) = client.command("SensorSubscribeCmd", SensorIndex=7, SensorType="pressure")
    assert message == InputCmd(message.id, 0, 12, "Pressure", "Subscribe")
    reading = InputReading(0, 0, 12, {"Pressure": InputValue(300)})
    expected = {"Id": 0, "DeviceIndex": 0, "SensorIndex": 7, "SensorType": "pressure", "Data": [300]}
    assert client.answer(reading, Ok(message.id)) == [("SensorReading", expected), ("Ok", {"Id": 1})]
    (message,) = client.command("SensorUnsubscribeCmd", SensorIndex=7, SensorType="Pressure")
    assert message == InputCmd(message.id, 0, 12, "Pressure", "Unsubscribe")


def test_a_reading_that_nobody_named_is_told_with_its_place_in_the_list(client: Client) -> None:
    expected = {"Id": 0, "DeviceIndex": 0, "SensorIndex": 1, "SensorType": "Button", "Data": [1]}
    assert client.answer(InputReading(0, 0, 12, {"Button": InputValue(1)})) == [("SensorReading", expected)]


def test_a_sensor_that_fails_is_an_error(client: Client) -> None:
    (message,) = client.command("SensorReadCmd", SensorIndex=0, SensorType="Battery")
    assert client.answer(Error(message.id, "no answer", 4)) == [
        ("Error", {"Id": 1, "ErrorMessage": "no answer", "ErrorCode": 4}),
    ]


# What is wrong in itself


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        *(("ScalarCmd", {"Scalars": [scalar(0, share, "Vibrate")]}) for share in (-0.1, 1.1, -1e-9, 1.0000001)),
        ("ScalarCmd", {"Scalars": []}),
        ("ScalarCmd", {}),
        ("ScalarCmd", {"Scalars": [{"Index": 0, "Scalar": 0.5}]}),
        ("ScalarCmd", {"Scalars": [scalar(-1, 0.5, "Vibrate")]}),
        ("ScalarCmd", {"Scalars": [{"Index": 0, "Scalar": "0.5", "ActuatorType": "Vibrate"}]}),
        ("ScalarCmd", {"Scalars": [{"Index": 0, "Scalar": 0.5, "ActuatorType": None}]}),
        ("ScalarCmd", {"Scalars": scalar(0, 1, "Vibrate")}),
        *(("RotateCmd", {"Rotations": [rotation(0, speed)]}) for speed in (-0.1, 1.1)),
        ("RotateCmd", {"Rotations": []}),
        ("RotateCmd", {"Rotations": [{"Index": 0, "Speed": 0.5}]}),
        ("RotateCmd", {"Rotations": [{"Index": 0, "Speed": 0.5, "Clockwise": 1}]}),
        *(("LinearCmd", {"Vectors": [vector(0, 5, place)]}) for place in (-0.1, 1.1)),
        ("LinearCmd", {"Vectors": [vector(0, -1, 0.5)]}),
        ("LinearCmd", {}),
        ("SensorReadCmd", {"SensorType": "Battery"}),
        ("SensorReadCmd", {"SensorIndex": 0}),
        ("SensorReadCmd", {"SensorIndex": "0", "SensorType": "Battery"}),
    ],
)
def test_a_value_out_of_range_and_a_field_that_is_missing_or_wrong_are_message_errors(
    client: Client, name: str, fields: dict[str, Any]
) -> None:
    code, reason = client.refusal(name, 77, DeviceIndex=0, **fields)
    assert code == 3
    assert reason.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ScalarCmd", {"Scalars": [scalar(0, 1, "Vibrate")]}),
        ("RotateCmd", {"Rotations": [rotation(0, 1)]}),
        ("LinearCmd", {"Vectors": [vector(0, 1, 1)]}),
        ("StopDeviceCmd", {}),
        ("SensorReadCmd", {"SensorIndex": 0, "SensorType": "Battery"}),
        ("SensorSubscribeCmd", {"SensorIndex": 0, "SensorType": "Pressure"}),
        ("SensorUnsubscribeCmd", {"SensorIndex": 0, "SensorType": "Pressure"}),
    ],
)
def test_a_device_that_is_not_there_is_a_device_error(client: Client, name: str, fields: dict[str, Any]) -> None:
    assert client.refusal(name, DeviceIndex=9, **fields) == (4, "Device 9 is not connected; connected are: 0, 3")
    code, reason = client.refusal(name, **fields)
    assert (code, "DeviceIndex" in reason) == (3, True)
