"""What is set for devices: what is taken from their entries, and what a fault in one costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from buttplug.core.enums import OutputType
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import load_user_configuration
from tests.server.devices.user_configuration.helpers import (
    EDGE,
    VIBRATE_0,
    VIBRATE_1,
    Json,
    Load,
    device,
    feature,
    settings_of,
)

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


# Faults


@pytest.mark.parametrize(
    ("user_config", "place"),
    [
        ({"index": -1}, "index"),
        ({"index": "first"}, "index"),
        ({"message_gap_ms": "slow"}, "message_gap_ms"),
        ({"display_name": 5}, "display_name"),
        ({"display_name": "x" * 300}, "display_name"),
    ],
)
def test_a_fault_in_one_setting_costs_that_setting_only(
    load: Load, caplog: pytest.LogCaptureFixture, user_config: dict[str, Json], place: str
) -> None:
    given: dict[str, Any] = {"index": 3, "display_name": "Left one", **user_config}
    entry = device(feature(vibrate={"value": [0, 5]}), **given)
    settings = settings_of(load(devices=[entry]))
    expected: dict[str, Any] = {"index": 3, "display_name": "Left one", "outputs": {VIBRATE_0: OutputSettings((0, 5))}}
    assert settings == DeviceSettings(**{name: value for name, value in expected.items() if name != place})
    (message,) = caplog.messages
    assert f".config.user_config.{place}: skipped: Expected `" in message


#: Entries of which it is not known what their user allowed.
UNKNOWABLE: list[Json] = [
    {"identifier": {"protocol": 5, "address": EDGE.address}, "config": {"user_config": {}}},
    {"identifier": {"address": EDGE.address}, "config": {"user_config": {}, "features": 5}},
    {"identifier": {"address": EDGE.address}, "config": 5},
    {"identifier": {"protocol": "lovense", "address": EDGE.address}, "config": {"user_config": 5}},
    {"identifier": {"protocol": "lovense", "address": EDGE.address}, "config": {"feature": []}},
    {"identifier": {"protocol": "lovense", "address": EDGE.address}, "confg": {"features": []}},
    {"identifier": {"protocol": "lovense", "address": EDGE.address}, "config": {"user_config": {"dney": True}}},
]


@pytest.mark.parametrize("entry", UNKNOWABLE)
def test_the_device_of_an_entry_that_does_not_say_what_is_allowed_is_not_driven_and_the_others_are(
    load: Load, caplog: pytest.LogCaptureFixture, entry: Json
) -> None:
    other = device(address="other", index=2)
    settings = load(devices=[entry, other]).settings
    assert settings.pop(EDGE._replace(address="other")) == DeviceSettings(index=2)
    (broken,) = settings.values()
    assert broken.unusable is not None
    assert broken.unusable.startswith("$.user_configs.devices[0] (")
    assert "its device is not connected until this is mended: " in caplog.text


DENYING: list[Json] = [*UNKNOWABLE[:2], device(index=-1), device(display_name=5), device("no feature")]


@pytest.mark.parametrize("entry", DENYING)
@pytest.mark.parametrize("address", [EDGE.address, f"PeripheralId({EDGE.address})"])
@pytest.mark.parametrize("deny", [True, 1, "yes"])
def test_denying_holds_even_in_a_broken_entry(load: Load, entry: Json, address: str, deny: Json) -> None:
    broken = json.loads(json.dumps(entry))
    broken["identifier"]["address"] = address
    broken["config"]["user_config"]["deny"] = deny
    assert load(devices=[broken]).allows(EDGE.address) is not None


@pytest.mark.parametrize("entry", DENYING)
@pytest.mark.parametrize("allow", [True, 1, "yes"])
def test_allowing_holds_even_in_a_broken_entry(load: Load, entry: Json, allow: Json) -> None:
    broken = json.loads(json.dumps(entry))
    broken["config"]["user_config"]["allow"] = allow
    configuration = load(devices=[broken])
    assert configuration.allows(EDGE.address) is None
    assert configuration.allows("another") is not None


@pytest.mark.parametrize(("value", "meaning"), [("no", "true"), (1, "true"), (0, "false"), ([], "false")])
@pytest.mark.parametrize("mark", ["allow", "deny"])
def test_a_mark_that_is_neither_true_nor_false_is_told_with_what_it_counts_as(
    load: Load, caplog: pytest.LogCaptureFixture, mark: str, value: Json, meaning: str
) -> None:
    entry: Any = device()
    entry["config"]["user_config"][mark] = value
    settings = settings_of(load(devices=[entry]))
    assert getattr(settings, mark) is (meaning == "true")
    (message,) = caplog.messages
    assert f".config.user_config.{mark}: counts as {meaning}: Expected `bool`, got `" in message


@pytest.mark.parametrize("entry", [None, 5, {}, device(address=5), {"identifier": {"adress": "A"}, "config": {}}])
def test_an_entry_that_is_for_no_device_is_skipped(load: Load, caplog: pytest.LogCaptureFixture, entry: Json) -> None:
    assert load(devices=[entry]).settings == {}
    assert "$.user_configs.devices[0]: skipped: it has no address" in caplog.messages[-1]


def test_the_device_of_an_unknown_protocol_is_not_driven_past_the_limits_that_are_set_for_it(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load(devices=[device(feature(vibrate={"disabled": True}), protocol="lovenes", deny=True)])
    (settings,) = configuration.settings.values()
    assert settings.deny
    assert settings.unusable is not None
    assert "there is no protocol lovenes; did you mean lovense?" in caplog.text


def test_an_unknown_protocol_without_limits_costs_nothing_but_a_warning(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    assert settings_of(load(devices=[device(feature(), protocol="not-yet-known")])) == DeviceSettings(index=0)
    assert "there is no protocol not-yet-known" in caplog.text


def test_of_two_entries_for_a_device_the_later_counts_but_what_either_forbids_is_forbidden(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    entries = [device(deny=True, display_name="first"), device(display_name="second")]
    assert load(devices=entries).settings == {EDGE: DeviceSettings(index=0, deny=True, display_name="second")}
    assert "the device has an earlier entry too" in caplog.text


def test_an_index_belongs_to_the_first_that_has_it(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    configuration = load(devices=[device(index=3), device(index=3, address="other")])
    assert [settings.index for settings in configuration.settings.values()] == [3, None]
    assert "index 3 is that of lovense at AA:BB:CC:DD:EE:FF" in caplog.text


def test_a_gap_that_is_the_models_own_is_no_setting(few: Path) -> None:
    configuration = DeviceConfiguration.load(few)
    key = DeviceKey("tcode-v03", None, "COM1")
    own = configuration.definition("tcode-v03", None)
    assert own is not None
    configuration.change_device(key, message_gap=own.message_gap)
    assert configuration.settings[key].message_gap is None
    configuration.change_device(key, message_gap=0.5)
    assert configuration.settings[key].message_gap == 0.5
