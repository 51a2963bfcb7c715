"""What is written: nothing is lost that was in a file, and nothing is written that the ecosystem's newest engine refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth import BluetoothSpecifier
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.websocket import WebsocketSpecifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import Feature, Model
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import UserFile, load_user_configuration
from tests.server.devices.user_configuration.helpers import (
    EDGE,
    VIBRATE_0,
    VIBRATE_1,
    Json,
    content_of,
    device,
    feature,
    written,
)
from tests.server.devices.user_configuration.strict import problems

VIBRATE, POSITION, MOVE = OutputType.VIBRATE, OutputType.POSITION, OutputType.POSITION_WITH_DURATION
SERVICE, CHARACTERISTIC = "6e400001-b5a3-f393-e0a9-e50e24dcca9e", "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
STROKER = DeviceKey("tcode-v03", None, "/dev/ttyUSB0")

Open = Callable[..., tuple[UserFile, DeviceConfiguration]]


@pytest.fixture
def open_file(path: Path, few: Path) -> Open:
    """Opens the file with this content, or without one where there is none yet."""

    def open_with(content: Json = None) -> tuple[UserFile, DeviceConfiguration]:
        if content is not None:
            path.write_text(json.dumps(content))
        configuration = DeviceConfiguration.load(few)
        return UserFile.open(path, configuration), configuration

    return open_with


def entry_of(content: Any, number: int = 0) -> Any:
    return content["user_configs"]["devices"][number]


# What the ecosystem's programs wrote


ENGINES: Any = content_of(
    4,
    protocols={"tcode-v03": {"communication": [{"websocket": {"name": "osr"}}], "configurations": []}},
    devices=[
        device(
            feature(vibrate={"value": [0, 12], "disabled": False}),
            feature(vibrate={"disabled": True}),
            feature(),
            index=7,
            display_name="Left one",
            message_gap_ms=50,
        ),
        device(
            feature(
                position={"disabled": False, "reverse": True},
                hw_position_with_duration={"value": [100, 900], "duration": [0, 2000], "disabled": False, "reverse": True},
            ),
            protocol="tcode-v03",
            identifier="/dev/ttyUSB0",
            address="/dev/ttyUSB0",
            index=1,
            message_gap_ms=20,
        ),
    ],
)


def test_a_file_of_the_engine_comes_back_as_it_was(open_file: Open, path: Path) -> None:
    file, _ = open_file(ENGINES)
    file.save()
    assert written(path) == ENGINES


def test_of_a_foreign_entry_only_what_is_changed_is_written(open_file: Open, path: Path) -> None:
    _, configuration = open_file(ENGINES)
    configuration.change_device(EDGE, display_name="Right one", deny=True, message_gap=None)
    configuration.limit_output(EDGE, 1, VIBRATE, value=(2, 9), disabled=False)
    configuration.save()
    expected = json.loads(json.dumps(ENGINES))
    config = entry_of(expected)["config"]
    config["user_config"] |= {"display_name": "Right one", "deny": True}
    del config["user_config"]["message_gap_ms"]
    config["features"][1]["output"]["vibrate"] = {"value": [2, 9], "disabled": False}
    assert written(path) == expected
    assert problems(written(path)) == []


@pytest.mark.parametrize("major", [4, 5])
def test_a_file_keeps_its_format(open_file: Open, path: Path, major: int) -> None:
    file, configuration = open_file(content_of(major, devices=[device()]))
    configuration.change_device(EDGE, display_name="x")
    file.save()
    assert written(path)["version"] == {"major": major, "minor": 57}


def test_what_is_not_known_here_stays_where_it_is(open_file: Open, path: Path) -> None:
    content: Any = content_of(
        devices=[device(feature(vibrate={"value": [0, 5], "curve": 2})), "no device", {"identifier": {"address": 5}}],
        protocols={
            "tcode-v03": {
                "communication": [{"future": {"a": 1}}, {"websocket": {"name": "osr"}, "future": 2}, {"serial": {"port": 5}}],
                "configurations": [{"name": "no features"}],
                "colour": "blue",
            },
            "from-the-future": {"communication": [{"websocket": {"name": "x"}}]},
        },
        simulated_devices=[{"identifier": "simulated-teapot", "address": "t"}],
    )
    entry_of(content)["note"] = "mine"
    entry_of(content)["config"]["colour"] = "red"
    entry_of(content)["config"]["user_config"]["weight"] = 7
    content["user_configs"]["themes"] = ["dark"]
    content["made_by"] = "hand"
    file, configuration = open_file(content)
    configuration.change_device(EDGE, display_name="new")
    configuration.add_specifier("tcode-v03", WebsocketSpecifier("another"))
    file.save()
    entry_of(content)["config"]["user_config"]["display_name"] = "new"
    content["user_configs"]["protocols"]["tcode-v03"]["communication"].append({"websocket": {"name": "another"}})
    assert written(path) == content


# What the engine refuses, and people and programs write


def test_what_is_missing_or_null_is_written_as_the_engine_wants_it(open_file: Open, path: Path) -> None:
    content: Any = content_of(
        devices=[
            {
                "identifier": {"protocol": "lovense", "identifier": None, "address": "A"},
                "config": {
                    "id": "E3D3C3B3-0A0B-4C0D-8E0F-101112131415",
                    "base_id": "2E309985-6BBF-4B75-866F-76D845B3CE42",
                    "features": [feature(vibrate={"value": None}), feature()],
                    "user_config": {"display_name": None, "message_gap_ms": None},
                },
            },
            {
                "identifier": {"protocol": "lovense", "identifier": "P", "address": "B"},
                "config": {"features": [{"index": 1, "output": {"vibrate": {"value": [0, 5]}}}]},
            },
            {"identifier": {"protocol": "aneros", "address": "C"}},
        ],
        protocols={
            "tcode-v03": {
                "communication": [
                    {"serial": {"port": "COM1", "baud_rate": 115200}},
                    {
                        "btle": {
                            "names": ["OSR"],
                            "manufacturer_data": [{"company": 7, "data": None}],
                            "services": {SERVICE.upper(): {"tx": CHARACTERISTIC.upper()}},
                        }
                    },
                ],
                "configurations": None,
            }
        },
        simulated_devices=[{"identifier": "simulated-1vibe", "display_name": None}],
    )
    file, configuration = open_file(content)
    before = dict(configuration.settings)
    file.save()
    assert problems(written(path)) == []
    assert [entry["config"]["user_config"]["index"] for entry in written(path)["user_configs"]["devices"]] == [0, 1, 2]
    assert entry_of(written(path), 1)["config"]["features"][1]["output"] == {"vibrate": {"value": [0, 5]}}
    again = DeviceConfiguration.load()
    load_user_configuration(path, again)
    assert [each.outputs for each in again.settings.values()] == [each.outputs for each in before.values()]
    assert again.simulated_devices == configuration.simulated_devices


def test_an_index_is_free_and_stays(open_file: Open, path: Path) -> None:
    entries = [device(index=index, address=str(number)) for number, index in enumerate([1, 5])]
    unnumbered: list[Any] = [device(address=address) for address in "abc"]
    for entry in unnumbered:
        del entry["config"]["user_config"]["index"]
    open_file(content_of(devices=[*entries, *unnumbered]))[0].save()
    file, configuration = open_file()
    assert [each.index for each in configuration.settings.values()] == [1, 5, 0, 2, 3]
    file.save()
    assert [entry["config"]["user_config"]["index"] for entry in written(path)["user_configs"]["devices"]] == [1, 5, 0, 2, 3]


# What is set here


def test_a_new_file_has_all_that_was_set_and_the_newest_format(open_file: Open, path: Path) -> None:
    file, configuration = open_file()
    configuration.change_device(EDGE, index=4, display_name="Left one", allow=True, message_gap=0.05)
    configuration.limit_output(EDGE, 1, VIBRATE, value=(0, 5))
    configuration.limit_output(STROKER, 0, POSITION, disabled=True)
    configuration.limit_output(STROKER, 0, MOVE, duration=(100, 2000), reverse=True)
    configuration.add_specifier("tcode-v03", SerialSpecifier("/dev/ttyUSB0", 115200))
    configuration.add_specifier("tcode-v03", BluetoothSpecifier({SERVICE: {"tx": CHARACTERISTIC}}, ("OSR",)))
    configuration.add_specifier("tcode-v03", HidSpecifier((UsbId(1, 2),)))
    vibrator = Feature(0, "Tip", {"vibrate": OutputDefinition((0, 9))})
    configuration.add_model("lovense", Model("My own", ("XX",), features=[vibrator]))
    configuration.add_simulated_device("simulated-2vibe", "Twins")
    file.save()
    content = written(path)
    assert problems(content) == []
    assert content["version"] == {"major": 5, "minor": configuration.version.minor}
    again = DeviceConfiguration.load()
    load_user_configuration(path, again)
    assert again.settings == configuration.settings
    assert again.added_specifiers == configuration.added_specifiers
    assert again.simulated_devices == configuration.simulated_devices
    mine = again.definition("lovense", "XX")
    assert mine is not None
    assert mine.features[0].outputs == {VIBRATE: OutputDefinition((0, 9))}


def test_what_is_taken_back_is_gone_from_the_file(open_file: Open, path: Path) -> None:
    serial, websocket = SerialSpecifier("COM1", 9600), WebsocketSpecifier("osr")
    vibrator: Json = {"index": 0, "output": {"vibrate": {"value": [0, 9]}}}
    content = content_of(
        devices=[device(feature(vibrate={"value": [0, 5]})), device(address="other", index=1)],
        protocols={
            "tcode-v03": {
                "communication": [{"serial": {"port": "COM1", "baud_rate": 9600}}, {"websocket": {"name": "osr"}}],
                "configurations": [{"identifier": ["x"], "name": "X", "features": [vibrator]}],
            }
        },
        simulated_devices=[{"identifier": "simulated-1vibe", "address": "s"}],
    )
    file, configuration = open_file(content)
    configuration.forget_device(EDGE)
    configuration.remove_specifier("tcode-v03", serial)
    configuration.remove_model("tcode-v03", "x")
    configuration.remove_simulated_device("s")
    file.save()
    user_configs = written(path)["user_configs"]
    assert [entry["identifier"]["address"] for entry in user_configs["devices"]] == ["other"]
    assert user_configs["protocols"]["tcode-v03"] == {"communication": [{"websocket": {"name": "osr"}}], "configurations": []}
    assert user_configs["simulated_devices"] == []
    assert configuration.added_specifiers == [("tcode-v03", websocket)]
    assert configuration.definition("tcode-v03", "x") == configuration.definition("tcode-v03", None)


def test_a_model_that_took_the_place_of_another_gives_it_back(open_file: Open) -> None:
    _, configuration = open_file()
    first, second = (Model(name, ("P",), features=[Feature(0)]) for name in ("First", "Second"))
    for model in (first, second):
        configuration.add_model("lovense", model)
    for name in ("Second", "First", "Lovense Edge"):
        definition = configuration.definition("lovense", "P")
        assert definition is not None
        assert definition.name == name
        if name != "Lovense Edge":
            configuration.remove_model("lovense", "P")
    with pytest.raises(ConfigurationError, match="no model P was added to lovense"):
        configuration.remove_model("lovense", "P")


def test_what_a_file_cannot_say_of_a_model_is_told(open_file: Open, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, configuration = open_file()
    configuration.add_model("lovense", Model("Mine", ("XX",), message_gap_ms=50, features=[Feature(0)]))
    file.save()
    assert "The message gap of the model Mine cannot be saved: set it for the device" in caplog.text
    assert problems(written(path)) == []


def test_what_is_not_there_cannot_be_taken_back(open_file: Open) -> None:
    _, configuration = open_file()
    with pytest.raises(ConfigurationError, match="nothing is set for lovense P at AA:BB:CC:DD:EE:FF"):
        configuration.forget_device(EDGE)
    with pytest.raises(ConfigurationError, match="there is no simulated device with the address s"):
        configuration.remove_simulated_device("s")
    with pytest.raises(ConfigurationError, match="there is no protocol no-such"):
        configuration.add_specifier("no-such", WebsocketSpecifier("x"))


def test_a_limit_that_could_not_be_read_stays_in_the_file_until_it_is_set_anew(open_file: Open, path: Path) -> None:
    content = content_of(devices=[device(feature(vibrate={"value": "gently"}), feature(vibrate={"value": [0, 5]}))])
    file, configuration = open_file(content)
    configuration.limit_output(EDGE, 1, VIBRATE, value=(0, 9))
    file.save()
    assert [each["output"]["vibrate"] for each in entry_of(written(path))["config"]["features"]] == [
        {"value": "gently"},
        {"value": [0, 9]},
    ]
    configuration.limit_output(EDGE, 0, VIBRATE, value=(0, 3), disabled=False)
    file.save()
    assert entry_of(written(path))["config"]["features"][0]["output"]["vibrate"] == {"value": [0, 3]}


def test_a_device_that_was_refused_for_its_entry_is_written_anew_when_it_is_set_anew(open_file: Open, path: Path) -> None:
    key: Json = {"protocol": "lovense", "identifier": "P", "address": EDGE.address}
    content = content_of(devices=[{"identifier": key, "config": 5}])
    file, configuration = open_file(content)
    file.save()
    assert written(path) == content
    with pytest.raises(ConfigurationError, match="mend the entry, or forget the device first"):
        configuration.change_device(EDGE, display_name="x")
    configuration.configure(EDGE, DeviceSettings(display_name="x", outputs={VIBRATE_0: OutputSettings((0, 5))}))
    file.save()
    assert problems(written(path)) == []
    _, again = open_file()
    assert again.settings == configuration.settings


def test_two_entries_for_one_device_stay_until_it_is_changed(open_file: Open, path: Path) -> None:
    content = content_of(
        devices=[device(feature(vibrate={"value": [0, 5]})), device(feature(), feature(vibrate={"value": [0, 9]}), index=0)]
    )
    file, configuration = open_file(content)
    file.save()
    assert written(path) == content
    configuration.change_device(EDGE, display_name="x")
    file.save()
    assert len(written(path)["user_configs"]["devices"]) == 1
    _, again = open_file()
    assert again.settings[EDGE].outputs == {VIBRATE_0: OutputSettings((0, 5)), VIBRATE_1: OutputSettings((0, 9))}


def test_a_fault_among_the_features_keeps_its_place_when_another_is_changed(open_file: Open) -> None:
    file, configuration = open_file(content_of(devices=[device("vibrate")]))
    assert configuration.settings[EDGE].outputs == {VIBRATE_0: OutputSettings(disabled=True)}
    configuration.limit_output(EDGE, 1, VIBRATE, value=(0, 9))
    file.save()
    _, again = open_file()
    assert again.settings[EDGE].outputs == {VIBRATE_0: OutputSettings(disabled=True), VIBRATE_1: OutputSettings((0, 9))}


# Ids


def test_entries_have_the_ids_of_the_base_file_where_it_has_some(path: Path, tmp_path: Path) -> None:
    ids = [f"0000000{number}-0000-4000-8000-000000000000" for number in range(4)]
    vibrator = {"output": {"vibrate": {"value": [0, 9]}}}
    base = {
        "version": {"major": 5, "minor": 57},
        "protocols": {
            "lovense": {
                "communication": [],
                "defaults": {"name": "Lovense", "id": ids[0], "features": [{"index": 0, "id": ids[1], **vibrator}]},
                "configurations": [
                    {"identifier": ["P"], "name": "Edge", "id": ids[2]},
                    {"identifier": ["Q"], "name": "Own", "id": ids[3], "features": [{"index": 3, "id": ids[0], **vibrator}]},
                ],
            }
        },
    }
    (tmp_path / "base.json").write_text(json.dumps(base))
    configuration = DeviceConfiguration.load(tmp_path / "base.json")
    file = UserFile.open(path, configuration)
    for identifier in ("P", "Q", None, "another"):
        configuration.change_device(DeviceKey("lovense", identifier, f"at {identifier}"), display_name="x")
    file.save()
    configs = [entry["config"] for entry in written(path)["user_configs"]["devices"]]
    assert [config["base_id"] for config in configs] == [ids[2], ids[3], ids[0], ids[0]]
    assert [[each["base_id"] for each in config["features"]] for config in configs] == [[ids[1]], [ids[0]], [ids[1]], [ids[1]]]


def test_features_are_known_again_by_their_ids_wherever_they_stand(open_file: Open, path: Path) -> None:
    file, configuration = open_file()
    configuration.limit_output(EDGE, 0, VIBRATE, value=(0, 3))
    configuration.limit_output(EDGE, 1, VIBRATE, value=(0, 9))
    file.save()
    content = written(path)
    entry_of(content)["config"]["features"].reverse()
    path.write_text(json.dumps(content))
    _, again = open_file()
    assert again.settings == configuration.settings


# Anything that can be set

KEYS = [EDGE, EDGE._replace(identifier=None, address="B"), STROKER, DeviceKey("aneros", None, "C")]
SPECIFIERS: list[Specifier] = [SerialSpecifier("COM1", 9600), WebsocketSpecifier("osr"), HidSpecifier((UsbId(1, 2),))]
numbers = st.integers(0, 20)
ranges = st.none() | st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
changes = st.lists(
    st.one_of(
        st.tuples(
            st.just("change"),
            st.sampled_from(KEYS),
            st.fixed_dictionaries(
                {},
                optional={
                    "display_name": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
                    "allow": st.booleans(),
                    "deny": st.booleans(),
                    "index": st.none() | st.integers(0, 5),
                    "message_gap": st.none() | st.integers(0, 500).map(lambda milliseconds: milliseconds / 1000),
                },
            ),
        ),
        st.tuples(
            st.just("limit"),
            st.sampled_from(KEYS),
            st.integers(0, 1),
            st.sampled_from([VIBRATE, POSITION, MOVE]),
            st.fixed_dictionaries(
                {}, optional={"value": ranges, "duration": ranges, "disabled": st.booleans(), "reverse": st.booleans()}
            ),
        ),
        st.tuples(st.just("forget"), st.sampled_from(KEYS)),
        st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(SPECIFIERS)),
        st.tuples(st.just("simulate"), st.sampled_from(["simulated-1vibe", "simulated-stroker"])),
        st.tuples(st.sampled_from(["save", "open again"])),
    ),
    max_size=15,
)


def make(configuration: DeviceConfiguration, change: tuple[Any, ...]) -> None:
    match change:
        case "change", key, changes_:
            configuration.change_device(key, **changes_)
        case "limit", key, feature_, type_, limits:
            configuration.limit_output(key, feature_, type_, **limits)
        case "forget", key:
            configuration.forget_device(key)
        case "add", specifier:
            configuration.add_specifier("tcode-v03", specifier)
        case "remove", specifier:
            configuration.remove_specifier("tcode-v03", specifier)
        case "simulate", identifier:
            configuration.add_simulated_device(identifier)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.sampled_from([None, ENGINES]), script=changes)
def test_whatever_is_set_is_there_again_and_the_engine_takes_the_file(
    silence: None, few: Path, path: Path, content: Json, script: list[tuple[Any, ...]]
) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(json.dumps(content))
    configuration = DeviceConfiguration.load(few)
    file = UserFile.open(path, configuration)
    for change in [*script, ("open again",)]:
        if change[0] in ("save", "open again"):
            file.save()
            data = path.read_bytes()
            assert problems(json.loads(data)) == []
            again = DeviceConfiguration.load(few)
            reopened = UserFile.open(path, again)
            assert again.settings == configuration.settings
            assert Counter(again.added_specifiers) == Counter(configuration.added_specifiers)
            assert again.simulated_devices == configuration.simulated_devices
            reopened.save()
            assert path.read_bytes() == data
            if change == ("open again",):
                file, configuration = reopened, again
            continue
        try:
            make(configuration, change)
        except ConfigurationError:
            continue
