"""The bundled device configuration, and how a configuration is read and asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from jsonschema import Draft202012Validator

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.bluetooth.endpoints import resolve_endpoints
from buttplug.hardware.gamepad import GamepadAdvertisement
from buttplug.hardware.hid import HidAdvertisement
from buttplug.hardware.lovense_connect import LovenseConnectAdvertisement
from buttplug.hardware.serial import SerialAdvertisement, SerialSpecifier
from buttplug.hardware.simulated import SimulatedAdvertisement
from buttplug.hardware.specifier import Advertisement
from buttplug.hardware.usb import UsbAdvertisement
from buttplug.hardware.websocket import WebsocketAdvertisement, WebsocketSpecifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import Feature, Model, Version
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from tests.cases import for_each

FOLDER = Path(__file__).parents[3] / "device-config"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name not in ("schema.json", "version.json"))

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@pytest.fixture(scope="module")
def configuration() -> DeviceConfiguration:
    """The bundled configuration; not to be changed."""
    return DeviceConfiguration.load()


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


# The bundled files


@for_each("path", FILES, ids=lambda path: path.stem)
def test_every_file_keeps_to_the_schema(validator: Draft202012Validator, path: Path) -> None:
    errors = validator.iter_errors(json.loads(path.read_text("utf-8")))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@for_each("path", FILES, ids=lambda path: path.stem)
def test_an_identifier_belongs_to_one_model_only(path: Path) -> None:
    models = json.loads(path.read_text("utf-8")).get("configurations", [])
    identifiers = [identifier for model in models for identifier in model["identifier"]]
    assert len(identifiers) == len(set(identifiers))


def test_an_exact_name_belongs_to_one_protocol_only(configuration: DeviceConfiguration) -> None:
    names = [
        name
        for protocol in configuration.protocols
        for specifier in configuration.specifiers(protocol)
        if isinstance(specifier, BluetoothSpecifier)
        for name in specifier.names
    ]
    assert len(names) == len(set(names))


def test_a_bluetooth_device_with_all_its_services_has_all_its_endpoints(configuration: DeviceConfiguration) -> None:
    for protocol in configuration.protocols:
        for specifier in configuration.specifiers(protocol):
            if isinstance(specifier, BluetoothSpecifier):
                services = {
                    service.replace("?", "5"): {uuid.replace("?", "5") for uuid in endpoints.values()}
                    for service, endpoints in specifier.services.items()
                }
                wanted = {endpoint for endpoints in specifier.services.values() for endpoint in endpoints}
                assert resolve_endpoints(specifier, services).keys() == wanted, protocol


def test_the_bundled_configuration_is_complete(configuration: DeviceConfiguration) -> None:
    assert len(configuration.protocols) == len(FILES) >= 150
    assert len(configuration) > 900
    assert len(list(configuration)) == len(configuration)
    assert configuration.version == Version(5, 57)


@pytest.mark.parametrize(
    ("advertisement", "protocol"),
    [
        (BluetoothAdvertisement("LVS-Edge37"), "lovense"),
        (BluetoothAdvertisement("", {620: b"\xff\x21"}), "lovense"),
        (BluetoothAdvertisement("", {}, frozenset({"5a300001-0024-4bd4-bbd5-a6920e4c5653"})), "lovense"),
        (BluetoothAdvertisement("", {}, frozenset({"7a7a0001-0023-4bd4-bbd5-a6920e4c5653"})), "lovense"),
        (BluetoothAdvertisement("", {26698: b"\1\2"}), "fluffer"),
        (BluetoothAdvertisement("FM-LILAC-101"), "magic-motion-1"),
        (BluetoothAdvertisement("FM-1"), "fmachine"),
        (HidAdvertisement(0x057E, 0x2006), "nintendo-joycon"),
        (UsbAdvertisement(0x0B49, 0x064F), "rez-trancevibrator"),
        (LovenseConnectAdvertisement(), "lovense-connect-service"),
        (GamepadAdvertisement(), "sdl-gamepad"),
        (SimulatedAdvertisement("simulated-2vibe"), "simulated"),
        (WebsocketAdvertisement("tcode-v03"), "tcode-v03"),
        (WebsocketAdvertisement("lovense"), "lovense"),
        (WebsocketAdvertisement("LVS-Z001"), "lovense"),
        (WebsocketAdvertisement("UFOSA"), "vorze-sa"),
    ],
)
def test_a_known_device_is_recognised(configuration: DeviceConfiguration, advertisement: Advertisement, protocol: str) -> None:
    assert configuration.match(advertisement)[0].protocol == protocol


@pytest.mark.parametrize(
    "advertisement",
    [
        BluetoothAdvertisement("Headphones", {76: b"\x10\5"}, frozenset({"0000180f-0000-1000-8000-00805f9b34fb"})),
        # Everybody's serial service: those who only have it are most often no toys.
        BluetoothAdvertisement("", {}, frozenset({"6e400001-b5a3-f393-e0a9-e50e24dcca9e"})),
        SerialAdvertisement("/dev/ttyUSB0"),
        HidAdvertisement(1, 2),
        WebsocketAdvertisement("somebody"),
        WebsocketAdvertisement("*"),
    ],
)
def test_an_unknown_device_is_left_alone(configuration: DeviceConfiguration, advertisement: Advertisement) -> None:
    assert configuration.match(advertisement) == []


def test_a_model_is_found_by_its_identifier(configuration: DeviceConfiguration) -> None:
    nora = configuration.definition("lovense", "C")
    assert nora is not None
    assert (nora.protocol, nora.identifier, nora.name) == ("lovense", "C", "Lovense Nora")
    vibrator, rotator, battery = nora.features
    assert vibrator.outputs[OutputType.VIBRATE].value == (0, 20)
    assert rotator.outputs[OutputType.ROTATE].value == (-20, 20)
    assert battery.inputs[InputType.BATTERY].value == ((0, 100),)
    assert battery.inputs[InputType.BATTERY].command == (InputCommandType.READ,)


@pytest.mark.parametrize("identifier", [None, "no such model"])
def test_a_model_not_listed_is_the_protocols_default(configuration: DeviceConfiguration, identifier: str | None) -> None:
    definition = configuration.definition("tcode-v03", identifier)
    assert definition is not None
    assert (definition.identifier, definition.message_gap) == (None, 0.02)
    outputs = definition.features[0].outputs
    assert outputs[OutputType.POSITION].value == (0, 999)
    assert outputs[OutputType.POSITION_WITH_DURATION].duration == (0, 99_999)


def test_a_model_has_what_it_does_not_say_from_the_default(configuration: DeviceConfiguration) -> None:
    default, handy = (configuration.definition("thehandy-v3", identifier) for identifier in (None, "hw4"))
    assert default is not None
    assert handy is not None
    assert (handy.name, handy.message_gap, handy.features) == ("The Handy 2 Pro", 0.05, default.features)


def test_a_model_has_its_variant(configuration: DeviceConfiguration) -> None:
    assert configuration.find("Vorze UFO TW").variant == "vorze-sa-dual-rotator"


@pytest.mark.parametrize(
    ("called", "protocol", "model"),
    [
        ("UFO TW", "vorze-sa", "Vorze UFO TW"),
        ("UFO3led", "foreo", "Foreo UFO 3 led"),
        ("V415", "galaku-pump", "Galaku Nebula"),
        ("TKLM-CZ01", "luvmazer", "Luvmazer Passion Tether Ring"),
    ],
)
def test_a_name_that_is_advertised_has_its_model(
    configuration: DeviceConfiguration, called: str, protocol: str, model: str
) -> None:
    (match,) = configuration.match(BluetoothAdvertisement(called))
    definition = configuration.definition(match.protocol, called)
    assert definition is not None
    assert (match.protocol, definition.identifier, definition.name) == (protocol, called, model)
    assert configuration.find(model).protocol == protocol


def test_a_default_without_features_does_nothing(configuration: DeviceConfiguration) -> None:
    definition = configuration.definition("vorze-sa", None)
    assert definition is not None
    assert definition.features == ()


def test_an_unknown_protocol_has_no_definition_and_no_specifiers(configuration: DeviceConfiguration) -> None:
    assert configuration.definition("no such protocol", None) is None
    assert configuration.specifiers("no such protocol") == ()


def test_the_pearl_2_1_has_four_pressure_channels(configuration: DeviceConfiguration) -> None:
    channels = configuration.find("Kiiroo Pearl 2.1").features[2:]
    assert [(channel.index, channel.description) for channel in channels] == [
        (number + 1, f"Pressure channel {number}") for number in (1, 2, 3, 4)
    ]
    for channel in channels:
        assert {type_: input_.value for type_, input_ in channel.inputs.items()} == {
            InputType.PRESSURE: ((0, 65535),),
            InputType.BUTTON: ((0, 1),),
        }
        assert all(input_.command == (InputCommandType.SUBSCRIBE,) for input_ in channel.inputs.values())


# Finding by name


@pytest.mark.parametrize(
    ("name", "protocol", "identifier"),
    [
        ("Lovense Nora", "lovense", "A"),
        ("lovense NORA", "lovense", "A"),
        ("The Handy", "thehandy", None),
        ("lovense", "lovense", None),
        ("TCode-v03", "tcode-v03", None),
        ("kiiroo-v21", "kiiroo-v21", "Pearl2.1"),
    ],
)
def test_a_device_is_found_by_its_name_or_its_protocol(
    configuration: DeviceConfiguration, name: str, protocol: str, identifier: str | None
) -> None:
    definition = configuration.find(name)
    assert (definition.protocol, definition.identifier) == (protocol, identifier)


def test_a_name_like_no_other_is_answered_plainly(configuration: DeviceConfiguration) -> None:
    with pytest.raises(ConfigurationError, match=r"^there is no device called '§§§'$"):
        configuration.find("§§§")


# Reading


def protocol_file(**changes: Json) -> dict[str, Json]:
    """A small file that is right, with some of its fields changed."""
    content: dict[str, Json] = {
        "protocol": "demo",
        "communication": [{"btle": {"names": ["Demo"], "services": {}}}],
        "defaults": {"name": "Demo"},
    }
    return content | changes


@pytest.fixture
def load_folder(tmp_path: Path) -> Callable[[Json], DeviceConfiguration]:
    def load(content: Json) -> DeviceConfiguration:
        (tmp_path / "version.json").write_text('{"major": 5, "minor": 1}')
        (tmp_path / "demo.json").write_text(json.dumps(content))
        return DeviceConfiguration.load(tmp_path)

    return load


def output(name: str, **content: Json) -> Json:
    return {"name": "Demo", "features": [{"index": 0, "output": {name: content}}]}


def test_a_folder_of_ones_own_is_read(load_folder: Callable[[Json], DeviceConfiguration]) -> None:
    configuration = load_folder(protocol_file(defaults=output("vibrate", value=[0, 9])))
    assert configuration.protocols == ("demo",)
    assert [definition.name for definition in configuration] == ["Demo"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"protocol": "other"}, r"\$\.protocol is other, but the file is named demo\.json"),
        ({"communication": [{"carrier_pigeon": {}}]}, r"\$\.communication\[0\] has no known kind"),
        (
            {"communication": [{"btle": {"services": {"0000fff0-0000-1000-8000-00805f9b34fb": {"txx": "?"}}}}]},
            r"\$\.communication\[0\]\.btle\.services has \?, which is not a UUID.*names the unknown endpoint txx",
        ),
        (
            {"communication": [{"btle": {"services": {}, "advertised_services": ["FFF0"]}}]},
            r"\$\.communication\[0\]\.btle\.advertised_services has FFF0, which is not a UUID",
        ),
        ({"communication": [{"hid": {"pairs": [{"vendor_id": "x"}]}}]}, r"Expected `int`.*pairs\[0\]\.vendor_id"),
        ({"defaults": {}}, r"missing required field `name` - at `\$\.defaults`"),
        (
            {"defaults": {"name": "Demo", "features": [{"index": 1}, {"index": 1}]}},
            r"\$\.defaults\.features\[1\] has the index 1 of another feature",
        ),
        (
            {"configurations": [{"identifier": [], "name": "Demo"}]},
            r"\$\.configurations\[0\]\.identifier is empty",
        ),
        (
            {"defaults": output("vibrate", value=[-10, 20])},
            r"\$\.defaults\.features\[0\]\.output\.vibrate\.value is \[-10, 20\], not \[0, n\], \[m, n\] or \[-n, n\]",
        ),
        ({"defaults": output("temperature", value=[42, 37])}, r"is \[42, 37\], not \[0, n\], \[m, n\] or \[-n, n\]"),
        ({"defaults": output("vibrate", value=[0, 0])}, r"is \[0, 0\], not \[0, n\], \[m, n\] or \[-n, n\]"),
        ({"defaults": output("vibrate", value=[0, 2**31])}, r"Expected `int` <= 2147483647 .*output.*value\[1\]"),
        ({"defaults": output("position", value=[-9, 9])}, r"is \[-9, 9\], not \[0, n\]"),
        ({"defaults": output("position", value=[3, 9])}, r"is \[3, 9\], not \[0, n\]"),
        (
            {"defaults": output("hw_position_with_duration", value=[0, 9])},
            r"hw_position_with_duration: a duration belongs to hw_position_with_duration",
        ),
        ({"defaults": output("vibrate", value=[0, 9], duration=[0, 9])}, r"output\.vibrate: a duration belongs to"),
        (
            {"defaults": output("hw_position_with_duration", value=[0, 9], duration=[9, 0])},
            r"hw_position_with_duration\.duration is \[9, 0\], not a range",
        ),
        ({"defaults": output("fly", value=[0, 9])}, r"Invalid enum value 'fly'"),
        (
            {
                "defaults": {
                    "name": "Demo",
                    "features": [{"index": 0, "input": {"battery": {"value": [[9, 0]], "command": ["Read"]}}}],
                }
            },
            r"features\[0\]\.input\.battery\.value has \[9, 0\], which is not a range",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_name_the_field_and_what_is_wrong(
    load_folder: Callable[[Json], DeviceConfiguration], changes: dict[str, Json], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"demo\.json: .*{problem}"):
        load_folder(protocol_file(**changes))


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"version\.json: line 1, column 2: Expecting"):
        DeviceConfiguration.load(tmp_path)


@pytest.mark.parametrize("name", ["", "missing.json"])
def test_what_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file or directory"):
        DeviceConfiguration.load(tmp_path / name)


def test_the_ecosystems_base_file_is_read_but_for_protocols_that_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "base.json"
    defaults: dict[str, Json] = {
        "good": {"name": "Good", "id": "3d1be1c2-7b0b-4a6e-9a55-5d5f6f0c8b01", "features": []},
        "bad-range": output("temperature", value=[-37, 42]),
        "bad-shape": {"name": 5},
        "bad-text": {"name": "No text"},
    }
    protocols = {name: {"communication": [], "defaults": content} for name, content in defaults.items()}
    content = json.dumps({"version": {"major": 4, "minor": 189}, "protocols": protocols}).encode()
    path.write_bytes(content.replace(b"No text", b"\xff"))
    configuration = DeviceConfiguration.load(path)
    assert configuration.protocols == ("good",)
    assert configuration.version == Version(4, 189)
    assert re.findall(r"protocol (\S+) is left out", caplog.text) == ["bad-range", "bad-shape", "bad-text"]


def test_a_way_to_find_devices_that_is_not_known_here_costs_none_of_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "base.json"
    communication: Json = [{"carrier_pigeon": {"name": "Kurt"}}, {"websocket": {"name": "good"}}]
    good = {"communication": communication, "defaults": {"name": "Good", "features": []}}
    path.write_text(json.dumps({"version": {"major": 5, "minor": 99}, "protocols": {"good": good}}))
    assert DeviceConfiguration.load(path).specifiers("good") == (WebsocketSpecifier("good"),)
    assert "protocol good: $.communication[0] is left out: it has no known kind" in caplog.text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"version":\n {"major": 5 "minor": 1}}', "line 2, column 14: Expecting"),
        ("[" * 100_000, "Expected `object`, got `array`"),
        ("\ufeff{", "line 1, column 2"),
        ('{"version": {"major": 5}}', r"missing required field `minor` - at `\$\.version`"),
    ],
)
def test_what_is_wrong_with_a_base_file_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "base.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=rf"base\.json.*{place}"):
        DeviceConfiguration.load(path)


@pytest.mark.parametrize("major", [2, 3, 6])
def test_a_base_file_of_another_format_is_refused(tmp_path: Path, major: int) -> None:
    path = tmp_path / "base.json"
    path.write_text(json.dumps({"version": {"major": major, "minor": 0}, "protocols": {}}))
    with pytest.raises(ConfigurationError, match=rf"version\.major is {major}, but only 4 and 5 can be read"):
        DeviceConfiguration.load(path)


# Adding


@pytest.fixture
def changeable() -> DeviceConfiguration:
    return DeviceConfiguration.load()


def test_an_added_specifier_beats_the_bundled_ones(changeable: DeviceConfiguration) -> None:
    specifier = BluetoothSpecifier({}, names=("LVS-*",))
    changeable.add_specifier("tcode-v03", specifier)
    changeable.add_specifier("tcode-v03", SerialSpecifier("COM7", 115200))
    assert changeable.match(BluetoothAdvertisement("LVS-Edge"))[0] == ("tcode-v03", specifier)
    assert changeable.match(SerialAdvertisement("COM7"))[0].protocol == "tcode-v03"
    assert specifier in changeable.specifiers("tcode-v03")


def test_an_added_model_replaces_the_one_with_its_identifier(changeable: DeviceConfiguration) -> None:
    changeable.add_model("lovense", Model("My Nora", ("C",), features=[Feature(0)]))
    mine, other = (changeable.definition("lovense", identifier) for identifier in ("C", "A"))
    assert mine is not None
    assert other is not None
    assert (mine.name, len(mine.features), other.name) == ("My Nora", 1, "Lovense Nora")
    assert changeable.find("My Nora").identifier == "C"


# Settings


EDGE = DeviceKey("lovense", "P", "AA:BB:CC:DD:EE:FF")


@pytest.mark.parametrize("address", ["AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"])
def test_settings_hang_on_protocol_identifier_and_address(changeable: DeviceConfiguration, address: str) -> None:
    settings = DeviceSettings(index=3)
    changeable.settings[EDGE] = settings
    assert changeable.settings_for(EDGE._replace(address=address)) == settings
    assert changeable.settings_for(EDGE._replace(address="11:22:33:44:55:66")) == DeviceSettings()
    assert changeable.settings_for(EDGE._replace(identifier="A")) == DeviceSettings()


@pytest.mark.parametrize(
    ("settings", "address", "reason"),
    [
        ({}, "A", None),
        ({"A": DeviceSettings()}, "A", None),
        ({"A": DeviceSettings(deny=True)}, "A", "its user denies it to connect"),
        ({"A": DeviceSettings(deny=True)}, "a", "its user denies it to connect"),
        ({"A": DeviceSettings(deny=True)}, "B", None),
        ({"A": DeviceSettings(allow=True)}, "A", None),
        ({"A": DeviceSettings(allow=True)}, "B", "its user allows other devices only"),
        ({"A": DeviceSettings(allow=True, deny=True)}, "A", "its user denies it to connect"),
    ],
)
def test_denying_comes_before_allowing_and_allowing_one_excludes_the_rest(
    changeable: DeviceConfiguration, settings: dict[str, DeviceSettings], address: str, reason: str | None
) -> None:
    changeable.settings.update({DeviceKey("lovense", None, known): value for known, value in settings.items()})
    assert changeable.allows(address) == reason


def test_denying_holds_whatever_the_device_identifies_as(changeable: DeviceConfiguration) -> None:
    changeable.settings[EDGE._replace(identifier=None)] = DeviceSettings(deny=True)
    changeable.settings[EDGE] = DeviceSettings(allow=True)
    assert changeable.allows(EDGE.address) is not None
