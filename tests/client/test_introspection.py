"""What a programmer sees without reading the source: completion, help, signatures, types, and how things look when printed."""

from __future__ import annotations

import inspect
import pydoc
import rlcompleter
import subprocess
import sys
import typing
from collections.abc import Iterator
from importlib import import_module

import pytest

import buttplug
import buttplug.client
from buttplug import (
    ButtplugClient,
    ButtplugDeviceError,
    DeviceAdded,
    DeviceErrorReason,
    DeviceRemoved,
    ErrorReceived,
    Reading,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
)
from tests.cases import for_each
from tests.fakes.scripted_server import ScriptedServer, device_info, vibrator

MAIN_CLASSES = ["ButtplugClient", "ButtplugServer", "ButtplugDevice", "DeviceFeature", "DeviceAdded", "WebsocketConnector"]


def classes() -> list[type]:
    """Return every public class."""
    return [value for name in buttplug.__all__ if inspect.isclass(value := getattr(buttplug, name))]


def functions() -> Iterator[tuple[str, object]]:
    """Return every public function of every public class."""
    for class_ in classes():
        for name, value in inspect.getmembers(class_):
            if name.startswith("_") and name != "__init__":
                continue
            function = value.fget if isinstance(value, property) else value
            if inspect.isfunction(function) and function.__module__.startswith("buttplug."):
                yield f"{class_.__name__}.{name}", function


def output_of(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_dir_and_completion_show_the_main_classes_before_they_are_loaded() -> None:
    program = "import sys, buttplug; print(dir(buttplug)); print([name for name in sys.modules if 'buttplug.client' in name])"
    names, loaded = output_of(program).splitlines()
    assert all(repr(name) in names for name in MAIN_CLASSES)
    assert loaded == "[]"
    completer = rlcompleter.Completer({"buttplug": buttplug})
    assert "buttplug.ButtplugClient(" in (completer.attr_matches("buttplug.ButtplugC"))


def test_dir_has_each_name_once() -> None:
    assert len(dir(buttplug)) == len(set(dir(buttplug)))
    assert set(buttplug.__all__) <= set(dir(buttplug))


@pytest.mark.parametrize("module", ["buttplug", "buttplug.client", "buttplug.errors", "buttplug.device", "buttplug.feature"])
def test_help_shows_what_is_public(module: str) -> None:
    text = output_of(f"import pydoc, {module}; print(pydoc.plain(pydoc.render_doc({module})))")
    assert all(name in text for name in import_module(module).__all__ if not name.startswith("_"))
    if module == "buttplug":
        assert all(f"class {name}(" in text for name in MAIN_CLASSES)


@for_each("class_", classes(), ids=lambda class_: class_.__name__)
def test_every_public_class_has_help_and_a_signature(class_: type) -> None:
    assert inspect.getdoc(class_)
    assert pydoc.plain(pydoc.render_doc(class_))
    if class_ is not buttplug.Devices:
        inspect.signature(class_)


@for_each("class_", classes(), ids=lambda class_: class_.__name__)
def test_the_types_of_every_public_class_can_be_looked_up(class_: type) -> None:
    typing.get_type_hints(class_)


@for_each(("name", "function"), functions(), ids=lambda case: case[0])
def test_the_types_of_every_public_method_can_be_looked_up(name: str, function: object) -> None:
    hints = typing.get_type_hints(function)
    assert "return" in hints, name
    assert callable(function)
    assert set(inspect.signature(function).parameters) - {"self"} == set(hints) - {"return"}


@for_each(("name", "function"), functions(), ids=lambda case: case[0])
def test_every_public_method_has_a_docstring(name: str, function: object) -> None:
    if not name.endswith(".__init__"):
        assert inspect.getdoc(function), name


def test_signatures_of_events_name_what_they_carry() -> None:
    assert list(inspect.signature(DeviceRemoved).parameters) == ["device"]
    assert typing.get_type_hints(DeviceRemoved) == {"device": buttplug.ButtplugDevice}
    assert typing.get_type_hints(Reading) == {"feature": buttplug.DeviceFeature, "value": int}


# How things look


async def test_a_client_shows_its_state(server: ScriptedServer) -> None:
    client = ButtplugClient("My player")
    assert repr(client) == '<ButtplugClient "My player": not connected>'
    await client.connect(server)
    assert repr(client) == '<ButtplugClient "My player": connected to "Scripted", 2 devices>'
    server.show(vibrator(7))
    assert repr(client) == '<ButtplugClient "My player": connected to "Scripted", 1 device>'
    await client.disconnect()
    assert repr(client) == '<ButtplugClient "My player": not connected>'


async def test_a_device_shows_what_it_can_do(client: ButtplugClient, server: ScriptedServer) -> None:
    assert repr(client.devices[7]) == '<ButtplugDevice 7 "Demo Vibrator": Vibrate 0..20>'
    assert repr(client.devices[2]) == (
        '<ButtplugDevice 2 "Demo Stroker" ("blue one"): Position 0..100, HwPositionWithDuration 0..100, Rotate -6..6, '
        "Vibrate 0..20, Vibrate 0..7, Battery, Pressure>"
    )
    device = client.devices[7]
    server.show(device_info(1, "Brick"))
    assert repr(client.devices[1]) == '<ButtplugDevice 1 "Brick": no features>'
    assert repr(device) == '<ButtplugDevice 7 "Demo Vibrator": Vibrate 0..20, not connected>'


async def test_a_feature_shows_what_it_can_do(client: ButtplugClient) -> None:
    features = client.devices[2].features
    assert repr(features[1]) == '<DeviceFeature 1 "Twist" of device 2 "Demo Stroker": Rotate -6..6>'
    assert repr(features[4]) == '<DeviceFeature 4 of device 2 "Demo Stroker": Battery>'


async def test_events_show_what_they_carry(client: ButtplugClient) -> None:
    device = client.devices[7]
    shown = '<ButtplugDevice 7 "Demo Vibrator": Vibrate 0..20>'
    error = ButtplugDeviceError("stuck", reason=DeviceErrorReason.WRITE_FAILED, device=device)
    for event, text in (
        (DeviceAdded(device), f"DeviceAdded(device={shown})"),
        (DeviceRemoved(device), f"DeviceRemoved(device={shown})"),
        (ScanningFinished(), "ScanningFinished()"),
        (ServerDisconnected("cable cut"), "ServerDisconnected(reason='cable cut')"),
        (ServerReconnected("Here"), "ServerReconnected(server_name='Here')"),
        (ReconnectFailed(error, 2.0), "ReconnectFailed(error=ButtplugDeviceError('stuck'), retry_in=2.0)"),
        (ErrorReceived(error), "ErrorReceived(error=ButtplugDeviceError('stuck'))"),
        (Reading(device.features[0], 3), f"Reading(feature={device.features[0]!r}, value=3)"),
    ):
        assert repr(event) == text
    assert repr(error.reason) == "<DeviceErrorReason.WRITE_FAILED: 'write failed'>"
