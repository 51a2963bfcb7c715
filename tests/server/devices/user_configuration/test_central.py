"""Moving over: where Intiface Central's files are, which is taken, and what becomes of older formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth import BluetoothSpecifier
from buttplug.hardware.bluetooth.specifier import ManufacturerData
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.websocket import WebsocketSpecifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import load_user_configuration
from buttplug.server.devices.user_configuration.central import import_central
from buttplug.server.devices.user_configuration.opening import open_user_file
from buttplug.server.devices.user_configuration.places import CENTRAL_NAMES, central_paths, default_path
from tests.server.devices.user_configuration.helpers import EDGE, VIBRATE_0, VIBRATE_1, content_of, device, feature, written
from tests.server.devices.user_configuration.strict import problems

HOME = Path("/home/me")
OFF = OutputSettings(disabled=True)


# Places


@pytest.mark.parametrize(
    ("system", "environment", "path"),
    [
        ("linux", {}, "/home/me/.config/buttplug/user-device-config.json"),
        ("linux", {"XDG_CONFIG_HOME": "/etc/mine"}, "/etc/mine/buttplug/user-device-config.json"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "/home/me/.config/buttplug/user-device-config.json"),
        ("linux", {"XDG_CONFIG_HOME": ""}, "/home/me/.config/buttplug/user-device-config.json"),
        ("darwin", {}, "/home/me/Library/Application Support/buttplug/user-device-config.json"),
        ("win32", {"APPDATA": "/c/roaming"}, "/c/roaming/buttplug/user-device-config.json"),
        ("win32", {}, "/home/me/AppData/Roaming/buttplug/user-device-config.json"),
    ],
)
def test_each_system_has_a_usual_place(system: str, environment: dict[str, str], path: str) -> None:
    assert default_path(system, environment, HOME).as_posix() == path


@pytest.mark.parametrize(
    ("system", "environment", "folders"),
    [
        ("linux", {}, [".local/share/com.nonpolynomial.intiface_central", ".local/share/intiface_central"]),
        ("linux", {"XDG_DATA_HOME": "/d"}, ["/d/com.nonpolynomial.intiface_central", "/d/intiface_central"]),
        (
            "darwin",
            {},
            [
                "Library/Containers/com.nonpolynomial.intifacecentral/Data/Library/Application Support/"
                "com.nonpolynomial.intifacecentral"
            ],
        ),
        ("win32", {"APPDATA": "/c/roaming"}, ["/c/roaming/com.nonpolynomial/intiface_central"]),
    ],
)
def test_central_is_looked_for_where_it_is_on_each_system_and_the_newest_format_first(
    system: str, environment: dict[str, str], folders: list[str]
) -> None:
    expected = [HOME / folder / "config" / name for name in CENTRAL_NAMES for folder in folders]
    assert central_paths(system, environment, HOME) == expected
    assert expected[0].name == "buttplug-user-device-config-v5.json"


def test_central_from_the_windows_store_is_found(tmp_path: Path) -> None:
    package = tmp_path / "Packages" / "NonpolynomialLabsLLC.IntifaceCentral_abc123"
    package.mkdir(parents=True)
    paths = central_paths("win32", {"LOCALAPPDATA": str(tmp_path)}, tmp_path)
    config = package / "LocalCache" / "Roaming" / "com.nonpolynomial" / "intiface_central" / "config"
    assert config / "buttplug-user-device-config-v5.json" in paths


# The import


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Where Central's files would be, none of which is there yet."""
    (tmp_path / "central").mkdir()
    return [tmp_path / "central" / name for name in CENTRAL_NAMES]


LIMITED = content_of(5, devices=[device(feature(vibrate={"value": [0, 5]}), display_name="Left one", index=2)])


def test_what_was_set_in_central_is_brought_over_and_its_file_is_left_as_it_is(
    path: Path, few: Path, sources: list[Path]
) -> None:
    sources[0].write_text(json.dumps(LIMITED))
    sources[1].write_text(json.dumps(content_of(4)))
    told = import_central(path, DeviceConfiguration.load(few), sources)
    assert told == f"{sources[0]} was imported as {path}: 1 device, 1 limit"
    assert json.loads(sources[0].read_text()) == LIMITED
    assert written(path) == LIMITED
    assert not list(sources[0].parent.glob("*.backup"))


def test_of_centrals_files_the_newest_that_can_be_used_is_taken(
    path: Path, few: Path, sources: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    sources[0].write_text("{")
    sources[1].write_text(json.dumps(content_of(4, devices=[device(identifier=None)])))
    configuration = DeviceConfiguration.load(few)
    import_central(path, configuration, sources)
    assert f"{sources[0]} cannot be imported: line 1, column 2" in caplog.text
    assert configuration.settings == {EDGE._replace(identifier=None): DeviceSettings(index=0)}
    assert problems(written(path)) == []


def test_what_is_said_twice_is_not_brought_over_as_if_it_were_said_once(
    path: Path, few: Path, sources: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    once = json.dumps(content_of(devices=[device(feature(vibrate={"value": [0, 5]}))]))
    sources[0].write_text(once.replace('"value": [0, 5]', '"value": [0, 5], "value": [0, 20]'))
    with pytest.raises(ConfigurationError, match="nothing can be imported from"):
        import_central(path, DeviceConfiguration.load(few), sources)
    assert "output.vibrate has the key value more than once; leave only the one that counts" in caplog.text
    assert not path.exists()


def test_an_import_overwrites_nothing(path: Path, few: Path, sources: list[Path]) -> None:
    sources[0].write_text(json.dumps(LIMITED))
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"user\.json exists already and is left as it is: rename it"):
        import_central(path, DeviceConfiguration.load(few), sources)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("broken", [False, True])
def test_an_import_that_finds_nothing_says_where_it_looked(path: Path, few: Path, sources: list[Path], broken: bool) -> None:
    if broken:
        sources[0].write_bytes(b"\xff\xfe{")
    expected = "nothing can be imported from " if broken else f"were found; looked in {sources[0].parent}"
    with pytest.raises(ConfigurationError, match=expected):
        import_central(path, DeviceConfiguration.load(few), sources)
    assert not path.exists()


# Older formats

SERVICES = {"6e400001-b5a3-f393-e0a9-e50e24dcca9e": {"tx": "6e400002-b5a3-f393-e0a9-e50e24dcca9e"}}

THIRD: Any = {
    "version": {"major": 3, "minor": 10},
    "user-configs": {
        "protocols": {
            "tcode-v03": {
                "communication": [
                    {"serial": {"port": "COM1", "baud-rate": 115200, "data-bits": 8, "parity": "N", "stop-bits": 1}},
                    {
                        "btle": {
                            "names": ["OSR"],
                            "manufacturer-data": [{"company": 7}],
                            "services": SERVICES,
                        }
                    },
                ]
            }
        },
        "devices": [
            {
                "identifier": {"address": EDGE.address, "protocol": "lovense", "identifier": "P"},
                "config": {
                    "name": "Lovense Edge",
                    "features": [
                        {
                            "feature-type": "Vibrate",
                            "actuator": {"step-range": [0, 20], "step-limit": [0, 20], "messages": ["ScalarCmd"]},
                        },
                        {
                            "feature-type": "Vibrate",
                            "actuator": {"step-range": [0, 20], "step-limit": [0, 7], "messages": ["ScalarCmd"]},
                        },
                        {"feature-type": "Battery", "sensor": {"value-range": [[0, 100]], "messages": ["SensorReadCmd"]}},
                    ],
                    "user-config": {"allow": False, "deny": True, "index": 3, "display-name": "Left one"},
                },
            },
            {
                "identifier": {"address": "COM1", "protocol": "tcode-v03"},
                "config": {
                    "name": "TCode",
                    "features": [
                        {
                            "feature-type": "PositionWithDuration",
                            "actuator": {"step-range": [0, 100], "step-limit": [10, 90], "messages": ["LinearCmd"]},
                        }
                    ],
                    "user-config": {"allow": False, "deny": False, "index": 0},
                },
            },
            "broken",
        ],
    },
}


def test_format_3_is_brought_over_with_its_limits(path: Path, few: Path, sources: list[Path]) -> None:
    sources[2].write_text(json.dumps(THIRD))
    configuration = DeviceConfiguration.load(few)
    import_central(path, configuration, sources)
    stroker = DeviceKey("tcode-v03", None, "COM1")
    assert configuration.settings == {
        EDGE: DeviceSettings(index=3, display_name="Left one", deny=True, outputs={VIBRATE_1: OutputSettings((0, 7))}),
        stroker: DeviceSettings(index=0, outputs={(0, OutputType.POSITION_WITH_DURATION): OutputSettings((10, 90))}),
    }
    assert [specifier for _, specifier in configuration.added_specifiers] == [
        SerialSpecifier("COM1", 115200),
        BluetoothSpecifier(SERVICES, ("OSR",), (ManufacturerData(7),)),
    ]
    assert written(path)["version"]["major"] == 5
    again = DeviceConfiguration.load(few)
    load_user_configuration(path, again)
    assert again.settings == configuration.settings


@pytest.mark.parametrize("features", [{}, 5, "none", [5], [{"actuator": []}], [{"actuator": {"step-limit": [0, 7]}}]])
def test_a_device_of_format_3_whose_limits_cannot_be_known_is_not_driven(
    path: Path, few: Path, sources: list[Path], features: Any
) -> None:
    content = json.loads(json.dumps(THIRD))
    content["user-configs"]["devices"][0]["config"]["features"] = features
    sources[2].write_text(json.dumps(content))
    configuration = DeviceConfiguration.load(few)
    import_central(path, configuration, sources)
    assert configuration.settings[EDGE].unusable is not None
    again = DeviceConfiguration.load(few)
    load_user_configuration(path, again)
    assert again.settings[EDGE].unusable is not None


def test_format_2_is_brought_over_with_outputs_off_that_may_have_had_limits(
    path: Path, few: Path, sources: list[Path]
) -> None:
    second: Any = {
        "version": {"major": 2, "minor": 30},
        "user-configs": {
            "specifiers": {
                "tcode-v03": {"serial": [{"port": "COM1", "baud-rate": 115200}], "websocket": {"names": ["osr", "sr6"]}}
            },
            "devices": [
                {
                    "identifier": {"address": EDGE.address, "protocol": "lovense", "identifier": "P"},
                    "config": {"display-name": "Left one", "allow": True, "index": 1, "messages": {"ScalarCmd": [{}, {}]}},
                },
                {"identifier": {"address": "B", "protocol": "lovense", "identifier": "P"}, "config": {"index": 2}},
            ],
        },
    }
    sources[3].write_text(json.dumps(second))
    configuration = DeviceConfiguration.load(few)
    import_central(path, configuration, sources)
    assert configuration.settings == {
        EDGE: DeviceSettings(index=1, display_name="Left one", allow=True, outputs={VIBRATE_0: OFF, VIBRATE_1: OFF}),
        EDGE._replace(address="B"): DeviceSettings(index=2),
    }
    assert [specifier for _, specifier in configuration.added_specifiers] == [
        SerialSpecifier("COM1", 115200),
        WebsocketSpecifier("osr"),
        WebsocketSpecifier("sr6"),
    ]
    assert problems(written(path)) == []


@pytest.mark.parametrize("user_configs", [5, {"devices": 5}, {"protocols": []}, {"devices": [5, {}, {"config": {}}]}, None])
@pytest.mark.parametrize("major", [2, 3])
def test_a_broken_older_file_is_told_and_left_as_it_is(
    silence: None, path: Path, few: Path, sources: list[Path], user_configs: Any, major: int
) -> None:
    text = json.dumps({"version": {"major": major, "minor": 0}, "user-configs": user_configs})
    sources[3].write_text(text)
    configuration = DeviceConfiguration.load(few)
    try:
        import_central(path, configuration, sources)
    except ConfigurationError as error:
        assert "nothing can be imported from " in error.message
    assert configuration.settings == {}
    assert sources[3].read_text() == text


# A program that starts


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The usual place, in which there is nothing yet."""
    monkeypatch.setattr("buttplug.server.devices.user_configuration.opening.default_path", lambda: tmp_path / "usual.json")
    return tmp_path / "usual.json"


def test_a_program_uses_the_file_at_the_usual_place_if_there_is_one(usual: Path, few: Path, sources: list[Path]) -> None:
    configuration = DeviceConfiguration.load(few)
    open_user_file(None, configuration, sources)
    assert configuration.user_file is None
    usual.write_text(json.dumps(LIMITED))
    open_user_file(None, configuration, sources)
    assert configuration.user_file is not None
    assert configuration.settings[EDGE].display_name == "Left one"


def test_a_named_file_that_is_not_there_is_told_and_made_at_the_first_save(
    usual: Path, path: Path, few: Path, sources: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    usual.write_text(json.dumps(LIMITED))
    configuration = DeviceConfiguration.load(few)
    open_user_file(path, configuration, sources)
    assert f"{path} is not there: no settings are read" in caplog.text
    assert configuration.settings == {}
    assert not path.exists()
    configuration.change_device(EDGE, display_name="x")
    configuration.save()
    assert path.exists()


@pytest.mark.parametrize("there", [False, True])
def test_who_has_limits_in_central_is_told_that_they_do_not_count_here_unless_there_is_a_file_of_our_own(
    usual: Path, few: Path, sources: list[Path], caplog: pytest.LogCaptureFixture, there: bool
) -> None:
    sources[1].write_text(json.dumps(LIMITED))
    if there:
        usual.write_text(json.dumps(LIMITED))
    open_user_file(None, DeviceConfiguration.load(few), sources)
    told = f"What you set in Intiface Central ({sources[1]}), limits too, does not count here: --import-central brings it"
    assert (told in caplog.messages) is not there


def test_a_broken_file_is_told_so_that_nothing_starts_without_its_limits(usual: Path, few: Path) -> None:
    usual.write_text('{"version": {"major": 3, "minor": 0}, "user-configs": {}}')
    expected = rf"\$\.version\.major is 3, which is not read; to make a file .*: --import-central {usual} --user-device-config"
    with pytest.raises(ConfigurationError, match=expected):
        open_user_file(None, DeviceConfiguration.load(few), [])
    assert "user-configs" in usual.read_text()
