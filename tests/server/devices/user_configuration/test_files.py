"""Files as a whole: in any encoding, broken in any way, of any format. What is in them costs no more than itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import Version
from buttplug.server.devices.identity import identify
from buttplug.server.devices.limits import output_ranges
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import UserFile, load_user_configuration
from buttplug.server.devices.user_configuration.document import without_nulls
from tests.server.devices.user_configuration.helpers import (
    EDGE,
    VIBRATE_0,
    Json,
    content_of,
    device,
    feature,
    settings_of,
    without_ids,
    written,
)

LIMITED = {VIBRATE_0: OutputSettings((0, 5))}
NAMED = content_of(devices=[device(feature(vibrate={"value": [0, 5]}), display_name="Größe")])
BOM = "\ufeff"


def loaded(path: Path, data: bytes) -> tuple[UserFile, DeviceConfiguration]:
    path.write_bytes(data)
    configuration = DeviceConfiguration.load()
    return load_user_configuration(path, configuration), configuration


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_a_file_may_have_any_encoding_of_unicode(path: Path, encoding: str) -> None:
    file, configuration = loaded(path, json.dumps(NAMED, ensure_ascii=False).encode(encoding))
    assert settings_of(configuration) == DeviceSettings(index=0, display_name="Größe", outputs=LIMITED)
    assert file.read_only is None


def test_limits_count_in_a_file_that_is_not_unicode_which_is_then_only_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = json.dumps(NAMED, ensure_ascii=False, indent=1).encode("latin-1")
    file, configuration = loaded(path, data)
    assert settings_of(configuration) == DeviceSettings(index=0, display_name="Größe", outputs=LIMITED)
    assert "is only read, nothing is saved in it: line 35, column 26 is not UTF-8 and was read as Latin-1" in caplog.text
    with pytest.raises(ConfigurationError, match="is not saved: line 35, column 26 is not UTF-8"):
        file.save()
    assert path.read_bytes() == data


# Files that are used, and left as they are


def limited(text: str) -> str:
    """A file in which features[0].output of an Edge is this."""
    return json.dumps(content_of(devices=[device({"output": "HERE"})])).replace('"HERE"', text)


@pytest.mark.parametrize(
    ("text", "outputs", "reason"),
    [
        (limited('{"vibrate": {"value": [0, 5] /* gently */}} // and no more\n'), LIMITED, "it has comments"),
        (
            limited('{"vibrate": {"value": [0, 5], "value": [0, 20]}}'),
            {VIBRATE_0: OutputSettings(disabled=True)},
            "the key value is given more than once",
        ),
        (
            limited('{"vibrate": {"value": [0, 5]}, "vibrate": {"value": [0, 20]}}'),
            {VIBRATE_0: OutputSettings(disabled=True)},
            "the key vibrate is given more than once",
        ),
        (limited('{"vibrate": {"value": [0, 1e400]}}'), {VIBRATE_0: OutputSettings(disabled=True)}, "it has the number 1e400"),
        (limited('{"vibrate": {"value": [0, NaN]}}'), {VIBRATE_0: OutputSettings(disabled=True)}, "it has NaN"),
        (
            limited('{"vibrate": {"value": [0, ' + "9" * 5000 + "]}}"),
            {VIBRATE_0: OutputSettings(disabled=True)},
            "it has the number 99999999999999999999",
        ),
        (
            limited('{"vibrate": {"value": ' + "[" * 100_000 + "]" * 100_000 + "}}"),
            {VIBRATE_0: OutputSettings(disabled=True)},
            "nested too deeply for recursion at line 1, column ",
        ),
    ],
    ids=["comments", "value twice", "output twice", "infinite", "no number", "huge", "deep"],
)
def test_what_could_not_be_written_back_as_it_is_makes_a_file_one_that_is_only_read(
    path: Path, caplog: pytest.LogCaptureFixture, text: str, outputs: dict[Any, OutputSettings], reason: str
) -> None:
    file, configuration = loaded(path, text.encode())
    assert settings_of(configuration) == DeviceSettings(index=0, outputs=outputs)
    assert file.read_only is not None
    assert file.read_only.startswith(reason)
    assert f"is only read, nothing is saved in it: {reason}" in caplog.text
    with pytest.raises(ConfigurationError, match="is not saved: "):
        file.save()
    assert path.read_bytes() == text.encode()


@pytest.mark.parametrize("key", ["identifier", "config", "features", "user_config", "deny"])
def test_a_device_with_a_key_twice_is_not_driven_and_the_others_are(path: Path, key: str) -> None:
    text = json.dumps(content_of(devices=[device(feature(vibrate={"value": [0, 5]})), device(address="other", index=1)]))
    _, configuration = loaded(path, text.replace(f'"{key}": ', f'"{key}": null, "{key}": ', 1).encode())
    assert configuration.settings[EDGE].unusable is not None
    assert configuration.settings[EDGE._replace(address="other")] == DeviceSettings(index=1)


def test_half_a_surrogate_pair_is_no_danger_to_clients_or_to_the_file(path: Path) -> None:
    text = json.dumps(content_of(devices=[device(display_name="x")])).replace('"x"', '"half \\ud83d"')
    file, configuration = loaded(path, text.encode())
    assert settings_of(configuration).display_name is None
    file.save()
    assert written(path)["user_configs"]["devices"][0]["config"]["user_config"]["display_name"] == "half \ud83d"


HALF = "half \\ud83d"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"version"', f'{{"{HALF}": 1, "version"'),
        ('"user_configs": {', f'"user_configs": {{"{HALF}": 1, '),
        ('"config": {', f'"{HALF}": 1, "config": {{'),
        ('"user_config": {', f'"user_config": {{"{HALF}": 1, '),
    ],
)
def test_a_key_with_half_a_surrogate_pair_costs_nothing_else(path: Path, before: str, after: str) -> None:
    text = json.dumps(content_of(devices=[device(feature(vibrate={"value": [0, 5]}), display_name="x")]))
    _, configuration = loaded(path, text.replace(before, after, 1).encode())
    assert settings_of(configuration).display_name == "x"
    assert settings_of(configuration).outputs == LIMITED


# Files of no use


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "line 1, column 1: the file is truncated"),
        ("{", "line 1, column 2: the file is truncated"),
        ('{\n "version": {"major": 5,\n  "minor": tru}}', "line 3, column 12: Expecting value"),
        ("[" * 100_000, "nested too deeply for recursion at line 1, column 65"),
        ("[]", r"Expected `object`, got `array` - at `\$`"),
        ("null", r"Expected `object`, got `null` - at `\$`"),
        ("{}", "missing required field `version`"),
        ('{"version": {"major": "5", "minor": 0}}', r"Expected `int`, got `str` - at `\$\.version\.major`"),
        ('{"version": {"major": 3, "minor": 0}}', r"\$\.version\.major is 3, which is not read; to make a file of format 5"),
        ('{"version": {"major": 6, "minor": 0}}', r"\$\.version\.major is 6"),
        ('{"version": {"major": 4, "minor": 0}, "user_configs": {"devices": {}}}', r"Expected `array`.*devices"),
        ('{"version": {"major": 4, "minor": 0}, "user_configs": {"protocols": []}}', r"Expected `object`.*protocols"),
        ('{"version": {"major": 4, "minor": 0}, "user_configs": {"simulated_devices": 5}}', r"Expected `array`.*simulated"),
        ('{"version": {"major": 4, "minor": 0}, "user_configs": 5}', r"Expected `object`, got `int` - at `\$\.user_configs`"),
        (
            '{"version": {"major": 4, "minor": 0}, "user_configs": {"devices": [], "devices": []}}',
            r"\$\.user_configs is one that has devices more than once",
        ),
        (BOM + '{"version"', "line 1, column 11: the file is truncated"),
    ],
)
def test_a_file_of_no_use_is_reported_with_the_place_of_the_fault_and_left_as_it_is(
    path: Path, content: str, problem: str
) -> None:
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=rf"user\.json: .*{problem}"):
        load_user_configuration(path, DeviceConfiguration.load())
    assert path.read_text("utf-8") == content


@pytest.mark.parametrize("data", [b"\xff\xfe{", b"\xff\xfe\x00\xd8{\x00", b"\x00\x01\x02\x03", b"\xff" * 100])
def test_bytes_that_are_no_text_are_reported(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"user\.json: line 1, column \d+"):
        load_user_configuration(path, DeviceConfiguration.load())


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"user\.json cannot be read: No such file"):
        load_user_configuration(path, DeviceConfiguration.load())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_user_configuration(tmp_path, DeviceConfiguration.load())


# Anything at all

#: More digits than a float can have.
numbers = st.integers() | st.sampled_from([10**400, -(10**400)])
scalars = st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
OTHER = DeviceKey("aneros", None, "other")
OTHERS_LIMIT = {VIBRATE_0: OutputSettings((0, 9))}
SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
VIBRATOR: Json = {"index": 0, "output": {"vibrate": {"value": [0, 9]}}}

#: A file with every kind of entry.
WHOLE: Any = content_of(
    devices=[
        device(feature(vibrate={"value": [0, 5], "disabled": False}), feature(vibrate={}), index=3, display_name="a"),
        device(feature(vibrate={"value": [0, 9]}), protocol=OTHER.protocol, identifier=None, address=OTHER.address, index=7),
    ],
    protocols={
        "tcode-v03": {
            "communication": [
                {"serial": {"port": "COM1", "baud_rate": 9600, "data_bits": 8, "parity": "N", "stop_bits": 1}},
                {"websocket": {"name": "osr"}},
                {
                    "btle": {
                        "names": ["OSR-*"],
                        "manufacturer_data": [{"company": 1, "data": [1]}],
                        "advertised_services": [SERVICE],
                        "services": {SERVICE: {"tx": SERVICE}},
                    }
                },
                {"hid": {"pairs": [{"vendor_id": 1, "product_id": 2}]}},
            ],
            "configurations": [{"identifier": ["x"], "name": "X", "features": [VIBRATOR]}],
        }
    },
    simulated_devices=[{"identifier": "simulated-1vibe", "address": "s"}],
)


def ways_into(content: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in the entries but that of the other device."""
    if way == ("devices", 1):
        return
    if len(way) > 1:
        yield way
    for key, value in (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    ):
        yield from ways_into(value, *way, key)


def changed(way: tuple[Any, ...], value: Json) -> Any:
    """The whole file with something else at one place."""
    content = json.loads(json.dumps(WHOLE))
    inner = content["user_configs"]
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return content


def has_all_of(content: Any, part: Any) -> bool:
    """Whether everything in a part is in the content too."""
    if isinstance(part, dict):
        return all(key in content and has_all_of(content[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(content) >= len(part) and all(map(has_all_of, content, part))
    return bool(content == part)


def examples(number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(max_examples=number, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@examples(200)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_refused_with_the_name_of_the_file(silence: None, few: Path, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"user\.json"):
        load_user_configuration(path, DeviceConfiguration(Version(5, 0)))


@examples(150)
@given(way=st.sampled_from(list(ways_into(WHOLE["user_configs"]))), value=anything)
def test_anything_anywhere_in_an_entry_costs_that_entry_only_and_survives_a_save(
    silence: None, few: Path, path: Path, way: tuple[Any, ...], value: Json
) -> None:
    path.write_text(json.dumps(changed(way, value)))
    configuration = DeviceConfiguration.load(few)
    file = load_user_configuration(path, configuration)
    assert configuration.settings[OTHER].outputs == OTHERS_LIMIT
    if file.read_only is not None:
        return
    configuration.change_device(OTHER, display_name="new")
    file.save()
    again = DeviceConfiguration.load(few)
    load_user_configuration(path, again)
    assert again.settings == configuration.settings
    assert again.added_specifiers == configuration.added_specifiers
    assert [(protocol, without_ids(model)) for protocol, model in again.added_models] == [
        (protocol, without_ids(model)) for protocol, model in configuration.added_models
    ]
    assert again.simulated_devices == configuration.simulated_devices
    # A device has to have an index: one that is none is replaced.
    if value not in (None, "") and way[-1] != "index":
        there = written(path)["user_configs"]
        for key in way:
            there = there[key]
        assert has_all_of(there, without_nulls(value))


@examples(150)
@given(way=st.sampled_from([way for way in ways_into(WHOLE["user_configs"]) if way[:2] == ("devices", 0)]), value=scalars)
def test_no_text_number_or_truth_anywhere_in_an_entry_leaves_its_output_at_full_power(
    silence: None, few: Path, path: Path, way: tuple[Any, ...], value: Json
) -> None:
    path.write_text(json.dumps(changed(way, value)))
    configuration = DeviceConfiguration.load(few)
    load_user_configuration(path, configuration)
    if value is None or "address" in way or way in [("devices", 0), ("devices", 0, "identifier")]:
        # There is no limit any more, or it is for no device, or for another one.
        return
    found = DeviceKey("lovense", "P", EDGE.address)
    try:
        settings_ = identify(configuration, found).settings
    except ConfigurationError:
        return
    ranges = output_ranges(configuration.definition("lovense", "P"), settings_)  # type: ignore[arg-type]
    assert VIBRATE_0 not in ranges or ranges[VIBRATE_0].shown[1] <= 5 or (isinstance(value, int | float) and "value" in way)
