"""For every model of the configuration, and any settings of its user: what old clients are told of it is what they can do with
it, and what they do is what the version 4 commands for the same would do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttplug.core.codec import Malformed
from buttplug.core.enums import InputType, OutputType
from buttplug.core.messages import DeviceInfo, InputCmd, RequestDeviceList
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from tests.core.legacy.helpers import Client, output_of
from tests.fakes.models import infos_of

old = pytest.mark.parametrize("version", range(4))

#: What an output is set to: feature, type, value and duration.
Output: TypeAlias = tuple[int, str, int, int | None]

MODELS = list(DeviceConfiguration.load())
#: The order in which the outputs of one feature are listed.
SCALARS = ("Vibrate", "Rotate", "Oscillate", "Constrict", "Position")
MOVE = "HwPositionWithDuration"


@pytest.fixture(scope="module")
def infos() -> list[DeviceInfo]:
    return infos_of((model, DeviceSettings()) for model in MODELS)


# What the documents say, once more and in other words


def entries(info: DeviceInfo, *types: str) -> list[tuple[int, str, int]]:
    """Return the outputs of these types by feature: feature, type and highest value."""
    return [
        (index, type_, feature.output[type_].value[1])
        for index, feature in sorted(info.device_features.items())
        for type_ in types
        if type_ in feature.output
    ]


def rotators(info: DeviceInfo) -> list[tuple[int, str, int]]:
    return [entry for entry in entries(info, "Rotate") if info.device_features[entry[0]].output["Rotate"].value[0] < 0]


def sensors(info: DeviceInfo, command: str) -> list[tuple[int, str]]:
    return [
        (index, type_)
        for index, feature in sorted(info.device_features.items())
        for type_ in ("Battery", "RSSI", "Pressure", "Button")
        if type_ in feature.input and command in feature.input[type_].command
    ]


def steps(count: int, share: float) -> int:
    return math.ceil(count * Fraction(str(share))) if share >= 0.000001 else 0


# What is told and what is done


def accepted(client: Client, name: str, **fields: Any) -> list[Output] | None:
    """Send a command to device 0; return what it sets, None where it is refused."""
    messages = client.command(name, **fields)
    if isinstance(messages[0], Malformed):
        assert len(messages) == 1
        assert messages[0].code in (3, 4)
        return None
    return [output_of(message) for message in messages if not isinstance(message, RequestDeviceList)]


def full(name: str, index: int, type_: str) -> dict[str, Any]:
    """Return the fields of a command that sets an entry to its highest value."""
    fields: dict[str, dict[str, Any]] = {
        "ScalarCmd": {"Scalars": [{"Index": index, "Scalar": 1, "ActuatorType": type_}]},
        "VibrateCmd": {"Speeds": [{"Index": index, "Speed": 1}]},
        "RotateCmd": {"Rotations": [{"Index": index, "Speed": 1, "Clockwise": True}]},
        "LinearCmd": {"Vectors": [{"Index": index, "Duration": 500, "Position": 1}]},
    }
    return fields[name]


def counts(messages: dict[str, Any]) -> Iterator[tuple[str, list[int | None], list[str]]]:
    """Go through the commands with a list, in the form of any version: the steps of each entry, where told, and its type."""
    for name in ("ScalarCmd", "VibrateCmd", "RotateCmd", "LinearCmd"):
        told = messages.get(name, [])
        if isinstance(told, dict):
            steps: list[int | None] = told.get("StepCount", [None] * told["FeatureCount"])
            assert len(steps) == told["FeatureCount"] > 0
            yield name, steps, ["Vibrate"] * len(steps)
        else:
            yield name, [entry["StepCount"] for entry in told], [entry["ActuatorType"] for entry in told]


def check(version: int, info: DeviceInfo) -> None:
    """Check that a client of this version can do all that it is told, and nothing else."""
    client = Client(version, info)
    messages = client.messages_of()
    assert "StopDeviceCmd" in messages
    wanted = {
        "ScalarCmd": entries(info, *SCALARS) if version == 3 else [],
        "VibrateCmd": entries(info, "Vibrate") if version in (1, 2) else [],
        "RotateCmd": rotators(info) if version else [],
        "LinearCmd": entries(info, MOVE) if version else [],
    }
    if version:
        for name, told, types in counts(messages):
            reached = []
            for index, (step, type_) in enumerate(zip(told, types, strict=True)):
                outputs = accepted(client, name, **full(name, index, type_))
                assert outputs is not None
                ((feature, output, value, _),) = outputs
                assert step in (None, value)
                reached.append((feature, output, value))
            assert reached == wanted[name]
            if (name, version) != ("VibrateCmd", 3):
                assert accepted(client, name, **full(name, len(told), "Vibrate")) is None
    check_whole_device_commands(client, info, messages)
    check_sensors(client, info, messages)


def check_whole_device_commands(client: Client, info: DeviceInfo, messages: Any) -> None:
    vibrators = [(feature, type_, count, None) for feature, type_, count in entries(info, "Vibrate")]
    assert accepted(client, "SingleMotorVibrateCmd", Speed=1) == (vibrators or None)
    if client.version < 2:
        assert ("SingleMotorVibrateCmd" in messages) is bool(vibrators)
        turned = [(feature, type_, count, None) for feature, type_, count in rotators(info)]
        assert accepted(client, "VorzeA10CycloneCmd", Speed=100, Clockwise=True) == (turned or None)
        assert ("VorzeA10CycloneCmd" in messages) is bool(turned)
        moved = [(feature, type_, count, 210) for feature, type_, count in entries(info, MOVE)]
        assert accepted(client, "FleshlightLaunchFW12Cmd", Position=99, Speed=99) == (moved or None)
        assert ("FleshlightLaunchFW12Cmd" in messages) is bool(moved)


def check_sensors(client: Client, info: DeviceInfo, messages: Any) -> None:
    for name, type_ in (("BatteryLevelCmd", "Battery"), ("RSSILevelCmd", "RSSI")):
        known = [sensor for sensor in sensors(info, "Read") if sensor[1] == type_]
        (message,) = client.command(name)
        if client.version >= 2 and known:
            assert message == InputCmd(message.id, 0, known[0][0], type_, "Read")
        else:
            assert isinstance(message, Malformed)
        assert (name in messages) is (client.version == 2 and bool(known))
    for name, listed, command in (
        ("SensorReadCmd", "SensorReadCmd", "Read"),
        ("SensorSubscribeCmd", "SensorSubscribeCmd", "Subscribe"),
        ("SensorUnsubscribeCmd", "SensorSubscribeCmd", "Unsubscribe"),
    ):
        told = messages.get(listed, []) if client.version == 3 else []
        reached = []
        for index, sensor in enumerate(told):
            (message,) = client.command(name, SensorIndex=index, SensorType=sensor["SensorType"])
            assert isinstance(message, InputCmd)
            assert message.command == command
            reached.append((message.feature_index, message.type))
        assert reached == (sensors(info, command.removeprefix("Un").capitalize()) if client.version == 3 else [])


@old
def test_every_model_does_what_it_is_said_to_do_and_nothing_else(version: int, infos: list[DeviceInfo]) -> None:
    assert len(infos) > 800
    for info in infos:
        check(version, info)


# Whatever its user sets


@st.composite
def set_up_models(draw: st.DrawFn) -> tuple[DeviceDefinition, DeviceSettings]:
    model = draw(st.sampled_from(MODELS))
    outputs = {}
    for feature in model.features:
        for type_, output in feature.outputs.items():
            highest = output.value[1]
            value = draw(st.none() | st.tuples(st.integers(0, highest), st.integers(0, highest)))
            outputs[feature.index, type_] = OutputSettings(
                value=None if value is None else (min(value), max(value)),
                disabled=draw(st.booleans()),
                reverse=draw(st.booleans()) and type_.is_position,
            )
    return model, DeviceSettings(outputs=outputs)


@settings(deadline=None)
@given(st.integers(0, 3), set_up_models())
def test_limits_and_disabled_outputs_change_what_is_told_and_what_is_done_alike(
    version: int, model: tuple[DeviceDefinition, DeviceSettings]
) -> None:
    (info,) = infos_of([model])
    for (feature, type_), output in model[1].outputs.items():
        if output.disabled and feature in info.device_features:
            assert type_ not in info.device_features[feature].output
    check(version, info)


# Any command


shares = st.integers(0, 10_000).map(lambda number: number / 10_000) | st.sampled_from([0.0, 0.0000009, 0.000001, 1.0])
wrong_shares = st.sampled_from([-0.0001, 1.0001])


@st.composite
def commands(draw: st.DrawFn, model: DeviceInfo) -> tuple[str, dict[str, Any], list[Output] | None]:
    """Return a command, its fields, and the outputs it has to set, None where it has to be refused."""
    kind = draw(st.sampled_from(["ScalarCmd", "VibrateCmd", "RotateCmd", "LinearCmd", "SingleMotorVibrateCmd"]))
    share = shares if draw(st.integers(0, 9)) else shares | wrong_shares
    if kind == "SingleMotorVibrateCmd":
        speed = draw(share)
        vibrators = entries(model, "Vibrate")
        sets: list[Output] = [(feature, type_, steps(count, speed), None) for feature, type_, count in vibrators]
        return kind, {"Speed": speed}, sets if sets and 0 <= speed <= 1 else None
    known = {
        "ScalarCmd": entries(model, *SCALARS),
        "VibrateCmd": entries(model, "Vibrate"),
        "RotateCmd": rotators(model),
        "LinearCmd": entries(model, MOVE),
    }[kind]
    beyond = 0 if draw(st.integers(0, 9)) else 1
    indexes = draw(st.lists(st.integers(0, max(len(known) - 1 + beyond, 0)), min_size=1, max_size=5))
    parts: list[dict[str, Any]] = []
    sets_by_index: dict[int, Output] = {}
    refused = False
    for index in indexes:
        value, clockwise, duration = draw(share), draw(st.booleans()), draw(st.integers(0, 5000))
        refused |= index >= len(known) or not 0 <= value <= 1
        feature, type_, count = known[index] if index < len(known) else (0, "Vibrate", 1)
        step = steps(count, max(value, 0))
        if type_ == "Position":
            step = math.ceil(count * Fraction(str(max(value, 0))))
        if kind == "LinearCmd":
            step = math.floor(count * Fraction(str(value)))
        if kind == "RotateCmd" and not clockwise:
            step = -step
        sets_by_index[index] = (feature, type_, step, duration if kind == "LinearCmd" else None)
        part: dict[str, dict[str, Any]] = {
            "ScalarCmd": {"Index": index, "Scalar": value, "ActuatorType": type_},
            "VibrateCmd": {"Index": index, "Speed": value},
            "RotateCmd": {"Index": index, "Speed": value, "Clockwise": clockwise},
            "LinearCmd": {"Index": index, "Duration": duration, "Position": value},
        }
        parts.append(part[kind])
    list_name = {"ScalarCmd": "Scalars", "VibrateCmd": "Speeds", "RotateCmd": "Rotations", "LinearCmd": "Vectors"}[kind]
    return kind, {list_name: parts}, None if refused else list(sets_by_index.values())


VERSIONS_OF = {
    "ScalarCmd": {3},
    "VibrateCmd": {1, 2, 3},
    "RotateCmd": {1, 2, 3},
    "LinearCmd": {1, 2, 3},
    "SingleMotorVibrateCmd": {0, 1, 2, 3},
}


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_any_command_sets_what_its_parts_name_or_nothing(infos: list[DeviceInfo], data: st.DataObject) -> None:
    info = data.draw(st.sampled_from(infos))
    name, fields, sets = data.draw(commands(info))
    for version in range(4):
        client = Client(version, info)
        done = accepted(client, name, **fields)
        if version not in VERSIONS_OF[name] or sets is None:
            assert done is None
        else:
            assert done is not None
            assert sorted(done) == sorted(sets)
            assert [output[0] for output in done] == sorted(output[0] for output in done)
            assert all(_is_shown(info, output) for output in done)


def _is_shown(info: DeviceInfo, output: Output) -> bool:
    feature, type_, value, _ = output
    low, high = info.device_features[feature].output[type_].value
    return low <= value <= high


def test_the_types_here_are_those_of_the_protocol() -> None:
    assert {*SCALARS, MOVE} < {type_.value for type_ in OutputType}
    assert {type_.value for type_ in InputType} == {"Battery", "RSSI", "Pressure", "Button"}
