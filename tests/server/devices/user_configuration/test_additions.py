"""What users add: specifiers, models and simulated devices, and what a bad entry costs."""

from __future__ import annotations

import re

import pytest

from buttplug.core.enums import InputType, OutputType
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.bluetooth.specifier import ManufacturerData
from buttplug.hardware.hid import HidAdvertisement
from buttplug.hardware.serial import SerialAdvertisement, SerialSpecifier
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import SimulatedEntry
from buttplug.server.devices.identity import identify
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from tests.server.devices.user_configuration.helpers import (
    EDGE,
    VIBRATE_0,
    Json,
    Load,
    device,
    feature,
    settings_of,
)

# Protocols


def test_communication_adds_specifiers(load: Load) -> None:
    serial: Json = {"port": "/dev/ttyACM0", "baud_rate": 115200, "data_bits": 8, "parity": "N", "stop_bits": 1}
    configuration = load(
        protocols={
            "tcode-v03": {
                "communication": [
                    {"serial": serial},
                    {"websocket": {"name": "my-osr"}},
                    {"hid": {"pairs": [{"vendor_id": 4660, "product_id": 1}]}},
                    {"btle": {"names": ["OSR-*"], "services": {}}},
                ],
                "configurations": [],
            }
        }
    )
    for advertisement in (
        SerialAdvertisement("/dev/ttyACM0"),
        WebsocketAdvertisement("my-osr"),
        HidAdvertisement(4660, 1),
        BluetoothAdvertisement("OSR-2"),
    ):
        assert [match.protocol for match in configuration.match(advertisement)] == ["tcode-v03"]
    assert SerialSpecifier("/dev/ttyACM0", 115200) in configuration.specifiers("tcode-v03")


@pytest.mark.parametrize(
    "uuid",
    [
        "6E400001-B5A3-F393-E0A9-E50E24DCCA9E",
        "6e400001b5a3f393e0a9e50e24dcca9e",
        "{6e400001-b5a3-f393-e0a9-e50e24dcca9e}",
        "urn:uuid:6e400001-b5a3-f393-e0a9-e50e24dcca9e",
    ],
)
def test_uuids_are_read_in_any_usual_form_and_data_may_be_null(load: Load, uuid: str) -> None:
    specifier: Json = {
        "names": ["OSR"],
        "manufacturer_data": [{"company": 7, "data": None}],
        "advertised_services": [uuid],
        "services": {uuid: {"tx": uuid}},
    }
    configuration = load(protocols={"tcode-v03": {"communication": [{"btle": specifier}]}})
    usual = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
    assert configuration.specifiers("tcode-v03")[-1] == BluetoothSpecifier(
        {usual: {"tx": usual}}, ("OSR",), (ManufacturerData(7),), (usual,)
    )


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"carrier_pigeon": {"name": "Kurt"}}, "has no known kind"),
        ({"serial": {"port": 5, "baud_rate": 9600}}, "Expected `str`, got `int` - at `$.serial.port`"),
        ({"btle": {"services": {"fff0": {"tx": "fff2"}}}}, "btle.services has fff0, which is not a UUID"),
        (
            {"btle": {"services": {"6e400001-b5a3-f393-e0a9-e50e24dcca9e": {"to": "6e400001b5a3f393e0a9e50e24dcca9e"}}}},
            "names the unknown endpoint to",
        ),
        (5, "Expected `object`, got `int`"),
        ({"btle": {"services": {}, "manufacturer_data": [{"company": 1, "data": [256]}]}}, "Expected `int` <= 255"),
        ({"btle": {"services": {}, "manufacturer_data": [{"company": 70000}]}}, "Expected `int` <= 65535"),
        ({"hid": {"pairs": []}}, "Expected `array` of length >= 1"),
        ({"usb": {"pairs": [{"vendor_id": -1, "product_id": 0}]}}, "Expected `int` >= 0"),
    ],
)
def test_a_bad_specifier_costs_itself_only(load: Load, caplog: pytest.LogCaptureFixture, item: Json, problem: str) -> None:
    configuration = load(protocols={"tcode-v03": {"communication": [item, {"websocket": {"name": "my-osr"}}]}})
    assert [match.protocol for match in configuration.match(WebsocketAdvertisement("my-osr"))] == ["tcode-v03"]
    message = caplog.messages[-1]
    assert "$.user_configs.protocols.tcode-v03.communication[0]: skipped: " in message
    assert problem in message


def model(**changes: Json) -> dict[str, Json]:
    return {
        "identifier": ["my-osr"],
        "name": "My OSR",
        "id": "0b7c1f04-0f0e-4c55-9a53-1f6f7a3f1c10",
        "features": [{"index": 0, "id": "3d1be1c2-7b0b-4a6e-9a55-5d5f6f0c8b01", "output": {"vibrate": {"value": [0, 99]}}}],
        **changes,
    }


def test_configurations_add_models_which_devices_can_then_limit(load: Load) -> None:
    configuration = load(
        protocols={"tcode-v03": {"configurations": [model()], "defaults": {"ignored": True}}},
        devices=[device(feature(vibrate={"value": [1, 50]}), protocol="tcode-v03", identifier="my-osr")],
    )
    definition = configuration.definition("tcode-v03", "my-osr")
    assert definition is not None
    assert (definition.name, definition.features[0].outputs[OutputType.VIBRATE].value) == ("My OSR", (0, 99))
    assert settings_of(configuration).outputs == {VIBRATE_0: OutputSettings((1, 50))}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"features": None}, "needs an identifier and features"),
        ({"identifier": []}, "needs an identifier and features"),
        ({"name": 5}, "Expected `str`, got `int` - at `$.name`"),
        (
            {"features": [{"index": 0, "output": {"vibrate": {"value": [-5, 20]}}}]},
            "is [-5, 20], not [0, n], [m, n] or [-n, n]",
        ),
        ({"features": [{"index": 0, "output": {"fly": {"value": [0, 20]}}}]}, "Invalid enum value 'fly'"),
    ],
)
def test_a_bad_model_costs_itself_only(
    load: Load, caplog: pytest.LogCaptureFixture, changes: dict[str, Json], problem: str
) -> None:
    configuration = load(
        protocols={"tcode-v03": {"configurations": [model(**changes), model(identifier=["other"], name="Other")]}}
    )
    default, other = (configuration.definition("tcode-v03", identifier) for identifier in ("my-osr", "other"))
    assert default is not None
    assert other is not None
    assert (default.identifier, other.name) == (None, "Other")
    message = caplog.messages[0]
    assert "$.user_configs.protocols.tcode-v03.configurations[0]: skipped: " in message
    assert problem in message


@pytest.mark.parametrize(
    ("inputs", "known"),
    [
        ({"depth": {"value": [[0, 100]], "command": ["Read"]}}, set()),
        (
            {
                "position": {"value": [[0, 100]], "command": ["Subscribe"]},
                "battery": {"value": [[0, 100]], "command": ["Read"]},
            },
            {InputType.BATTERY},
        ),
        ({"battery": {"value": [[0, 100]], "command": ["read", "subscribe", "unsubscribe"]}}, {InputType.BATTERY}),
    ],
)
def test_sensors_that_only_other_programs_know_cost_no_model(load: Load, inputs: Json, known: set[InputType]) -> None:
    vibrator: Json = {"index": 0, "output": {"vibrate": {"value": [0, 9]}}}
    own: Json = {"identifier": ["P"], "name": "My Edge", "features": [vibrator, {"index": 1, "input": inputs}]}
    configuration = load(protocols={"lovense": {"configurations": [own]}})
    definition = identify(configuration, DeviceKey("lovense", "P", "AA")).definition
    assert definition.name == "My Edge"
    assert set(definition.features[1].inputs) == known


def test_the_default_model_of_a_protocol_that_is_not_known_keeps_no_device_out(load: Load) -> None:
    vibrator: Json = {"index": 0, "output": {"vibrate": {"value": [0, 9]}}}
    configuration = load(protocols={"new-toys": {"defaults": {"name": "Toy", "features": [vibrator]}}})
    assert configuration.allows("AA") is None


def test_of_a_model_that_cannot_be_read_no_device_is_driven_since_the_bundled_one_may_do_more(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    own: Json = {
        "identifier": ["P", "Q"],
        "name": "My Edge",
        "features": [{"index": 0, "output": {"vibrate": {"value": [0]}}}],
    }
    configuration = load(protocols={"lovense": {"configurations": [own]}})
    place = "$.user_configs.protocols.lovense.configurations[0]"
    for identifier in ("P", "Q"):
        with pytest.raises(ConfigurationError, match=re.escape(f"what is said of {identifier} at {place} cannot be read")):
            identify(configuration, DeviceKey("lovense", identifier, "AA"))
        assert f"no device of protocol lovense that is a {identifier} is connected until this is mended" in caplog.text
    assert identify(configuration, DeviceKey("lovense", "A", "AA")).definition.identifier == "A"


@pytest.mark.parametrize(
    ("protocols", "problem"),
    [
        ({"not-yet-known": {"communication": []}}, "there is no such protocol"),
        ({"tcode-v03": 5}, "Expected `object`, got `int`"),
        ({"tcode-v03": {"communication": 5}}, "Expected `array`, got `int`"),
    ],
)
def test_a_bad_protocol_costs_itself_only(
    load: Load, caplog: pytest.LogCaptureFixture, protocols: dict[str, Json], problem: str
) -> None:
    assert load(protocols=protocols, devices=[device()]).settings == {EDGE: DeviceSettings(index=0)}
    (message,) = caplog.messages
    assert f"$.user_configs.protocols.{next(iter(protocols))}" in message
    assert problem in message


# Simulated devices


def test_simulated_devices_are_listed_with_addresses(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    configuration = load(
        5,
        simulated_devices=[
            {"identifier": "simulated-2vibe", "display_name": "Left", "address": "sim-1"},
            {"identifier": "simulated-rotator"},
            {"identifier": "simulated-teapot"},
            {"identifier": "simulated-1vibe", "address": "sim-1"},
            {"address": "sim-2"},
        ],
    )
    assert configuration.simulated_devices == [
        SimulatedEntry("simulated-2vibe", "sim-1", "Left"),
        SimulatedEntry("simulated-rotator", "simulated:simulated-rotator:1"),
    ]
    for number, problem in enumerate(
        ["there is no simulated device simulated-teapot", "sim-1 is the address of another", "missing required field"]
    ):
        assert f"simulated_devices[{number + 2}]: skipped: " in caplog.messages[number]
        assert problem in caplog.messages[number]
