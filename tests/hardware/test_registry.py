"""The table of buses: what a row promises holds, and nothing of a bus is imported before it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from buttplug.hardware.bluetooth import BluetoothSpecifier, ManufacturerData
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.gamepad import GamepadSpecifier
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.lovense_connect import LovenseConnectSpecifier
from buttplug.hardware.registry import BUSES, SPECIFIERS
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.simulated import SimulatedSpecifier
from buttplug.hardware.usb import UsbSpecifier
from buttplug.hardware.websocket import WebsocketSpecifier
from buttplug.server.devices.format import Communication
from buttplug.server.devices.matching import Matcher

HARDWARE = Path(import_module("buttplug.hardware").__file__ or "").parent
PACKAGES = sorted(path.parent.name for path in HARDWARE.glob("*/manager.py"))
SCHEMA = Path(__file__).parents[2] / "device-config" / "schema.json"

#: The libraries of the buses, by the modules they have.
LIBRARIES = {"bleak", "dbus_fast", "serial", "hid", "hidraw", "usb", "websockets", "sdl2"}

LOADED = """
import sys
from buttplug.server.devices.configuration import DeviceConfiguration
DeviceConfiguration.load()
print(*sys.modules)
"""


def test_loading_the_configuration_imports_no_bus_and_no_library() -> None:
    result = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    modules = set(result.stdout.split())
    assert "buttplug.hardware.registry" in modules
    assert modules & LIBRARIES == set()
    parts = {name.rpartition(".")[2] for name in modules if name.startswith("buttplug.hardware.")}
    assert parts & {"manager", "link", "device", "library"} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_of_a_bus_is_imported_from_its_package(package: str) -> None:
    bus = import_module(f"buttplug.hardware.{package}")
    assert bus.__all__
    for name in bus.__all__:
        assert getattr(bus, name) is not None
    with pytest.raises(AttributeError, match=rf"module 'buttplug.hardware.{package}' has no attribute 'Nonsense'"):
        bus.Nonsense  # noqa: B018


def test_the_switches_and_the_keys_of_the_configuration_are_unique() -> None:
    switches = [word for bus in BUSES for word in (bus.option, *bus.aliases)]
    keys = [bus.key for bus in BUSES if bus.key is not None]
    assert len(set(switches)) == len(switches)
    assert len(set(keys)) == len(keys)
    assert all((bus.key is None) == (bus.specifier is None) for bus in BUSES)


def test_the_schema_of_device_files_has_the_key_and_the_fields_of_every_bus() -> None:
    definitions = json.loads(SCHEMA.read_text("utf-8"))["$defs"]
    known = definitions["communication"]["properties"]
    # XInput is what only other implementations serve.
    assert known.keys() == {*SPECIFIERS, "xinput"} == set(Communication.__struct_encode_fields__)
    for key, specifier in SPECIFIERS.items():
        fields = definitions[known[key]["$ref"].rpartition("/")[2]] if "$ref" in known[key] else known[key]
        assert fields["properties"].keys() == set(specifier.__struct_encode_fields__), key


EXAMPLES = (
    BluetoothSpecifier({}, names=("Toy*",)),
    BluetoothSpecifier({}, manufacturer_data=(ManufacturerData(76, (1, 2)),)),
    BluetoothSpecifier({}, advertised_services=("0000fff0-0000-1000-8000-00805f9b34fb",)),
    SerialSpecifier("toy", 9600),
    HidSpecifier((UsbId(1, 2),)),
    UsbSpecifier((UsbId(1, 2),)),
    LovenseConnectSpecifier(),
    WebsocketSpecifier("toy"),
    GamepadSpecifier(),
    SimulatedSpecifier(("toy",)),
)


def test_a_simulated_device_of_any_bus_is_found_by_its_own_specifier_and_by_that_of_no_other_bus() -> None:
    assert {type(specifier) for specifier in EXAMPLES} == set(SPECIFIERS.values())
    matcher = Matcher()
    for specifier in EXAMPLES:
        matcher.add("any", specifier, bundled=True)
    for specifier in EXAMPLES:
        _, advertisement = specifier.simulate("A model", "toy")
        assert [match.specifier for match in matcher.match(advertisement)] == [specifier]
