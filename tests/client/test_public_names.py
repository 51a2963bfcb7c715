"""The face of the official Python client 1.0.0, which a program written for it finds here too."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib import import_module

import pytest

import buttplug
from buttplug import (
    ButtplugClient,
    ButtplugDevice,
    ButtplugError,
    DeviceFeature,
    DeviceOutputCommand,
    ErrorCode,
    OutputType,
)
from buttplug.errors import error_from_code
from tests.cases import for_each

NAMES = [
    "__version__",
    "OutputType",
    "InputType",
    "InputCommandType",
    "ErrorCode",
    "ButtplugError",
    "ButtplugConnectorError",
    "ButtplugHandshakeError",
    "ButtplugPingError",
    "ButtplugDeviceError",
    "ButtplugMessageError",
    "ButtplugUnknownError",
    "ButtplugClient",
    "ButtplugDevice",
    "DeviceOutputCommand",
    "DeviceFeature",
    "CommandValue",
]

MEMBERS: dict[type, str] = {
    ButtplugClient: """
        name connected server_name devices scanning connect disconnect start_scanning stop_scanning stop_all_devices
        on_device_added on_device_removed on_scanning_finished on_server_disconnect on_error
    """,
    ButtplugDevice: """
        index name display_name message_timing_gap features has_output has_input get_features_with_output
        get_features_with_input run_output stop has_battery battery has_rssi rssi
    """,
    DeviceFeature: """
        index description outputs inputs has_output has_input supports_input_command step_range step_count duration_range
        convert_to_step run_output stop battery rssi
    """,
}

WORDS = {
    "OutputType": {
        "VIBRATE": "Vibrate",
        "ROTATE": "Rotate",
        "OSCILLATE": "Oscillate",
        "CONSTRICT": "Constrict",
        "SPRAY": "Spray",
        "TEMPERATURE": "Temperature",
        "LED": "Led",
        "POSITION": "Position",
        "POSITION_WITH_DURATION": "HwPositionWithDuration",
    },
    "InputType": {"BATTERY": "Battery", "RSSI": "RSSI", "PRESSURE": "Pressure", "BUTTON": "Button"},
    "InputCommandType": {"READ": "Read", "SUBSCRIBE": "Subscribe", "UNSUBSCRIBE": "Unsubscribe"},
    "ErrorCode": {"UNKNOWN": 0, "INIT": 1, "PING": 2, "MSG": 3, "DEVICE": 4},
}

CALLBACKS = ["on_device_added", "on_device_removed", "on_scanning_finished", "on_server_disconnect", "on_error"]


@for_each("name", NAMES)
def test_every_public_name_is_here(name: str) -> None:
    assert name in buttplug.__all__
    assert hasattr(buttplug, name)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("client", ["ButtplugClient"]),
        ("command", ["CommandValue", "DeviceOutputCommand"]),
        ("device", ["ButtplugDevice"]),
        ("enums", WORDS),
        ("errors", [name for name in NAMES if name.endswith("Error")]),
        ("feature", ["CommandValue", "DeviceFeature"]),
    ],
)
def test_names_are_in_the_modules_where_the_official_client_has_them(module: str, names: Iterable[str]) -> None:
    for name in names:
        assert getattr(import_module(f"buttplug.{module}"), name) is getattr(buttplug, name)


def test_the_error_of_a_code_is_of_its_class() -> None:
    assert type(error_from_code(ErrorCode.PING, "late")) is buttplug.ButtplugPingError


@for_each("name", buttplug.__all__)
def test_every_name_that_is_promised_can_be_imported(name: str) -> None:
    assert getattr(buttplug, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="ButtplugServer2"):
        buttplug.ButtplugServer2  # type: ignore[attr-defined]  # noqa: B018 looking it up is the test


@for_each(("class_", "name"), [(class_, name) for class_, names in MEMBERS.items() for name in names.split()])
def test_every_member_is_here(class_: type, name: str) -> None:
    assert hasattr(class_, name)


@pytest.mark.parametrize("name", WORDS)
def test_enums_have_the_official_members(name: str) -> None:
    assert {member.name: member.value for member in getattr(buttplug, name)} == WORDS[name]


def test_a_client_is_made_with_its_name_alone_and_has_no_callbacks_yet() -> None:
    client = ButtplugClient("My App")
    assert client.name == "My App"
    assert [getattr(client, name) for name in CALLBACKS] == [None] * 5


def test_errors_share_one_base_and_carry_their_message() -> None:
    errors = [getattr(buttplug, name) for name in NAMES if name.endswith("Error")]
    assert all(issubclass(error, ButtplugError) for error in errors)
    assert ButtplugError("what happened").message == str(ButtplugError("what happened")) == "what happened"


def test_a_command_is_a_frozen_dataclass_of_type_value_and_duration() -> None:
    command = DeviceOutputCommand(OutputType.VIBRATE, 0.5)
    assert [field.name for field in dataclasses.fields(command)] == ["output_type", "value", "duration"]
    assert command == DeviceOutputCommand(output_type=OutputType.VIBRATE, value=0.5, duration=None)
    assert hash(command) == hash(dataclasses.replace(command))
    assert repr(command) == ("DeviceOutputCommand(output_type=<OutputType.VIBRATE: 'Vibrate'>, value=0.5, duration=None)")
    assert vars(command) == dataclasses.asdict(command)
    with pytest.raises(dataclasses.FrozenInstanceError):
        command.value = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (ButtplugClient.connect, ["url"]),
        (ButtplugDevice.has_output, ["output_type"]),
        (ButtplugDevice.has_input, ["input_type"]),
        (ButtplugDevice.get_features_with_output, ["output_type"]),
        (ButtplugDevice.get_features_with_input, ["input_type"]),
        (ButtplugDevice.run_output, ["command"]),
        (ButtplugDevice.stop, ["inputs", "outputs"]),
        (DeviceFeature.has_output, ["output_type"]),
        (DeviceFeature.has_input, ["input_type"]),
        (DeviceFeature.supports_input_command, ["input_type", "command"]),
        (DeviceFeature.step_range, ["output_type"]),
        (DeviceFeature.step_count, ["output_type"]),
        (DeviceFeature.duration_range, ["output_type"]),
        (DeviceFeature.convert_to_step, ["output_type", "value"]),
        (DeviceFeature.run_output, ["command"]),
    ],
)
def test_parameters_have_the_official_names(method: Callable[..., object], parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters)[1:] == parameters


def test_a_stop_is_of_inputs_and_outputs_unless_told_otherwise() -> None:
    parameters = inspect.signature(ButtplugDevice.stop).parameters
    assert (parameters["inputs"].default, parameters["outputs"].default) == (True, True)


def test_the_client_does_not_import_the_server() -> None:
    program = (
        "import sys, buttplug, buttplug.client\n"
        "print([name for name in sys.modules if name.startswith(('buttplug.server', 'buttplug.hardware'))])\n"
        "print(buttplug.ButtplugServer.__module__, buttplug.client.ButtplugClient is buttplug.ButtplugClient)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\nbuttplug.server.server True\n"
