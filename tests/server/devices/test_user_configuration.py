"""User configuration files of the existing ecosystem: what is taken from them, and what one bad entry costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier, ManufacturerData
from buttplug.hardware.hid import HidAdvertisement
from buttplug.hardware.serial import SerialAdvertisement, SerialSpecifier
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import SimulatedEntry
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import load_user_configuration

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: Reads the given contents of ``user_configs`` from a file.
Load: TypeAlias = Callable[..., DeviceConfiguration]

EDGE = DeviceKey("lovense", "P", "AA:BB:CC:DD:EE:FF")
VIBRATE_0 = (0, OutputType.VIBRATE)
VIBRATE_1 = (1, OutputType.VIBRATE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "user.json"


@pytest.fixture
def load(path: Path) -> Load:
    def load(major: int = 4, **user_configs: Json) -> DeviceConfiguration:
        path.write_text(json.dumps({"version": {"major": major, "minor": 999}, "user_configs": user_configs}))
        configuration = DeviceConfiguration.load()
        load_user_configuration(path, configuration)
        return configuration

    return load


def device(
    *features: Json, protocol: str = "lovense", identifier: Json = "P", address: Json = EDGE.address, **user_config: Json
) -> Json:
    """An entry of ``devices`` as the ecosystem's programs write it."""
    return {
        "identifier": {"protocol": protocol, "identifier": identifier, "address": address},
        "config": {
            "id": "e3d3c3b3-0a0b-4c0d-8e0f-101112131415",
            "base_id": "2e309985-6bbf-4b75-866f-76d845b3ce42",
            "features": list(features),
            "user_config": {"allow": False, "deny": False, "index": 0, **user_config},
        },
    }


def feature(**output: Json) -> Json:
    return {
        "id": "7a1f5a10-0000-4000-8000-000000000001",
        "base_id": "cb286b22-998b-4420-82f3-84e8d39db6b5",
        **({"output": output} if output else {}),
    }


def settings_of(configuration: DeviceConfiguration) -> DeviceSettings:
    """The settings of the only device there is."""
    (settings,) = configuration.settings.values()
    return settings


# Devices


@pytest.mark.parametrize("major", [4, 5])
def test_the_settings_of_a_device_are_read(load: Load, caplog: pytest.LogCaptureFixture, major: int) -> None:
    entry = device(
        feature(vibrate={"value": [0, 12], "disabled": False}),
        feature(vibrate={"disabled": True}),
        feature(),
        index=7,
        display_name="Left one",
        message_gap_ms=50,
        allow=True,
    )
    assert load(major, devices=[entry]).settings == {
        EDGE: DeviceSettings(
            index=7,
            display_name="Left one",
            allow=True,
            message_gap=0.05,
            outputs={VIBRATE_0: OutputSettings((0, 12)), VIBRATE_1: OutputSettings(disabled=True)},
        )
    }
    assert caplog.messages == []


def test_null_is_absent(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    entry = device(feature(vibrate={"value": None}), identifier=None, display_name=None, message_gap_ms=None, allow=None)
    configuration = load(5, devices=[entry], protocols=None, simulated_devices=None)
    assert configuration.settings == {EDGE._replace(identifier=None): DeviceSettings(index=0)}
    assert caplog.messages == []


def test_a_missing_user_configs_is_an_empty_one(path: Path) -> None:
    path.write_text('{"version": {"major": 5, "minor": 0}, "user_configs": null}')
    configuration = DeviceConfiguration.load()
    load_user_configuration(path, configuration)
    assert configuration.settings == {}


def test_a_missing_gap_is_the_definitions_and_zero_is_none(load: Load) -> None:
    assert settings_of(load(devices=[device()])).message_gap is None
    assert settings_of(load(devices=[device(message_gap_ms=0)])).message_gap == 0


@pytest.mark.parametrize("key", ["reverse", "reverse_position"])
def test_positions_have_ranges_durations_and_a_direction(load: Load, key: str) -> None:
    entry = device(
        feature(
            position={"value": [100, 900], key: True},
            hw_position_with_duration={"value": [100, 900], "duration": [0, 2000], key: False},
        ),
        protocol="tcode-v03",
        identifier=None,
    )
    assert settings_of(load(devices=[entry])).outputs == {
        (0, OutputType.POSITION): OutputSettings((100, 900), reverse=True),
        (0, OutputType.POSITION_WITH_DURATION): OutputSettings((100, 900), (0, 2000)),
    }


def test_features_pair_with_the_models_by_position_not_by_index(load: Load) -> None:
    # The features of this one have the indexes 0 and 6.
    entry = device(
        feature(), feature(temperature={"disabled": True}), protocol="joyhub", identifier="J-Maelstrom", display_name="x"
    )
    configuration = load(devices=[entry])
    definition = configuration.definition("joyhub", "J-Maelstrom")
    assert definition is not None
    assert [known.index for known in definition.features] == [0, 6]
    assert settings_of(configuration).outputs == {(6, OutputType.TEMPERATURE): OutputSettings(disabled=True)}


def test_an_older_file_lacks_the_features_that_came_later(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    entry = device(feature(vibrate={"value": [0, 50]}), feature(), protocol="kiiroo-v21", identifier="Pearl2.1")
    assert settings_of(load(devices=[entry])).outputs == {VIBRATE_0: OutputSettings((0, 50))}
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("AA:BB:CC:DD:EE:FF", "AA:BB:CC:DD:EE:FF"),
        ("PeripheralId(AA:BB:CC:DD:EE:FF)", "AA:BB:CC:DD:EE:FF"),
        ('PeripheralId(DeviceId { object_path: Path("/org/bluez/hci0/dev_AA_BB_CC_0D_EE_FF") })', "AA:BB:CC:0D:EE:FF"),
        (
            "PeripheralId(0b7c1f04-0f0e-4c55-9a53-1f6f7a3f1c10)",
            "0B7C1F04-0F0E-4C55-9A53-1F6F7A3F1C10",
        ),
        ("/dev/ttyACM0", "/dev/ttyACM0"),
        ("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff"),
    ],
)
def test_addresses_are_freed_of_the_systems_spelling(load: Load, written: str, address: str) -> None:
    assert [key.address for key in load(devices=[device(address=written)]).settings] == [address]


# Bad entries


@pytest.mark.parametrize(
    ("features", "outputs", "warning"),
    [
        pytest.param(
            [feature(vibrate={"value": [0, 30]}), feature(vibrate={"value": [5, 10]})],
            {VIBRATE_1: OutputSettings((5, 10))},
            r"features[0].output.vibrate: its limits are not used: the Vibrate limits 0..30 are not inside 0..20",
            id="beyond the range",
        ),
        pytest.param(
            [feature(vibrate={"value": [9, 3], "disabled": True})],
            {VIBRATE_0: OutputSettings(disabled=True)},
            "features[0].output.vibrate: its limits are not used",
            id="disabled all the same",
        ),
        pytest.param(
            [feature(vibrate={"value": "all"}), feature(vibrate={"disabled": True})],
            {VIBRATE_1: OutputSettings(disabled=True)},
            "features[0].output.vibrate: skipped: Expected `array | null`, got `str`",
            id="no range",
        ),
        pytest.param(
            [feature(rotate={"disabled": True}), feature(vibrate={"disabled": True})],
            {VIBRATE_1: OutputSettings(disabled=True)},
            "features[0].output.rotate: skipped: Lovense Edge has no such output there",
            id="another output",
        ),
        pytest.param(
            [feature(), feature(), feature(), feature(vibrate={"disabled": True})],
            {},
            "features[3].output.vibrate: skipped: Lovense Edge has no such output there",
            id="more features",
        ),
        pytest.param(
            ["vibrate", feature(vibrate={"disabled": True})],
            {VIBRATE_1: OutputSettings(disabled=True)},
            "features[0]: skipped: Expected `object`, got `str`",
            id="no feature",
        ),
        pytest.param(
            [feature(vibrate={"vlaue": [0, 5], "disabled": True})],
            {VIBRATE_0: OutputSettings(disabled=True)},
            "features[0].output.vibrate: vlaue is ignored: it means nothing here",
            id="misspelt",
        ),
    ],
)
def test_bad_limits_cost_themselves_only(
    load: Load,
    caplog: pytest.LogCaptureFixture,
    features: list[Json],
    outputs: dict[tuple[int, OutputType], OutputSettings],
    warning: str,
) -> None:
    settings = settings_of(load(devices=[device(*features, index=4, display_name="Left one")]))
    assert settings == DeviceSettings(index=4, display_name="Left one", outputs=outputs)
    (message,) = caplog.messages
    assert f"user.json: $.user_configs.devices[0] (lovense P at {EDGE.address}).config.{warning}" in message


BROKEN: list[Json] = [
    device(index=-1),
    device(index="first"),
    device(message_gap_ms="slow"),
    device(display_name=5),
    {"identifier": {"protocol": 5, "address": EDGE.address}, "config": {"user_config": {}}},
    {"identifier": {"address": EDGE.address}, "config": {"user_config": {}, "features": 5}},
]


@pytest.mark.parametrize("entry", BROKEN)
def test_a_broken_entry_costs_itself_only(load: Load, caplog: pytest.LogCaptureFixture, entry: Json) -> None:
    other = device(address="other", index=2)
    assert load(devices=[entry, other]).settings == {EDGE._replace(address="other"): DeviceSettings(index=2)}
    (message,) = caplog.messages
    assert "$.user_configs.devices[0]: only allow (False) and deny (False) are used: " in message


@pytest.mark.parametrize("entry", BROKEN)
@pytest.mark.parametrize("address", [EDGE.address, f"PeripheralId({EDGE.address})"])
def test_denying_holds_even_in_a_broken_entry(load: Load, entry: Json, address: str) -> None:
    broken = json.loads(json.dumps(entry))
    broken["identifier"]["address"] = address
    broken["config"]["user_config"]["deny"] = True
    assert load(devices=[broken]).allows(EDGE.address) is not None


@pytest.mark.parametrize("entry", BROKEN)
def test_allowing_holds_even_in_a_broken_entry(load: Load, entry: Json) -> None:
    broken = json.loads(json.dumps(entry))
    broken["config"]["user_config"]["allow"] = True
    configuration = load(devices=[broken])
    assert configuration.allows(EDGE.address) is None
    assert configuration.allows("another") is not None


@pytest.mark.parametrize("entry", [None, 5, {}, device(address=5), {"identifier": {"address": "A"}, "config": 5}])
def test_an_entry_of_no_use_is_skipped(load: Load, caplog: pytest.LogCaptureFixture, entry: Json) -> None:
    assert load(devices=[entry]).settings == {}
    assert ["$.user_configs.devices[0]: skipped: " in message for message in caplog.messages] == [True]


def test_limits_of_an_unknown_protocol_are_not_used_but_the_rest_is(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    entry = device(feature(vibrate={"disabled": True}), protocol="not-yet-known", deny=True)
    assert load(devices=[entry]).settings == {EDGE._replace(protocol="not-yet-known"): DeviceSettings(index=0, deny=True)}
    assert "(not-yet-known P at AA:BB:CC:DD:EE:FF): there is no such protocol" in caplog.text


def test_of_two_entries_for_a_device_the_later_counts_but_denying_stays(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    entries = [device(deny=True, display_name="first"), device(display_name="second")]
    assert load(devices=entries).settings == {EDGE: DeviceSettings(index=0, deny=True, display_name="second")}
    assert "the device has an earlier entry too" in caplog.text


def test_an_index_belongs_to_the_first_that_has_it(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    configuration = load(devices=[device(index=3), device(index=3, address="other")])
    assert [settings.index for settings in configuration.settings.values()] == [3, None]
    assert "index 3 is that of lovense at AA:BB:CC:DD:EE:FF" in caplog.text


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
    ],
)
def test_a_bad_specifier_costs_itself_only(load: Load, caplog: pytest.LogCaptureFixture, item: Json, problem: str) -> None:
    configuration = load(protocols={"tcode-v03": {"communication": [item, {"websocket": {"name": "my-osr"}}]}})
    assert [match.protocol for match in configuration.match(WebsocketAdvertisement("my-osr"))] == ["tcode-v03"]
    (message,) = caplog.messages
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
    (message,) = caplog.messages
    assert "$.user_configs.protocols.tcode-v03.configurations[0]: skipped: " in message
    assert problem in message


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
    assert f"$.user_configs.protocols.{next(iter(protocols))}: skipped: " in message
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


# The file as a whole


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "truncated"),
        ("[" * 100_000, "recursion"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `version`"),
        ('{"version": {"major": 3, "minor": 0}}', r"\$\.version\.major is 3, but only 4 and 5 can be read"),
        ('{"version": {"major": 6, "minor": 0}}', r"\$\.version\.major is 6"),
        ('{"version": {"major": 4, "minor": 0}, "user_configs": {"devices": {}}}', r"Expected `array`.*devices"),
    ],
)
def test_a_file_of_no_use_is_refused_by_name(path: Path, content: str, problem: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"user\.json: .*{problem}"):
        load_user_configuration(path, DeviceConfiguration.load())


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"user\.json cannot be read: No such file"):
        load_user_configuration(path, DeviceConfiguration.load())
