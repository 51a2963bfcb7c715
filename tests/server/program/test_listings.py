"""What is printed of the configuration: models that are known, and devices with settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buttplug.core.enums import OutputType
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.program.listings import device_lines, model_lines
from buttplug.server.program.main import main


def test_every_model_is_one_line_ordered_by_name(bundled: DeviceConfiguration) -> None:
    lines = model_lines(bundled)
    assert len(lines) == len(bundled)
    names = [line.partition("  ")[0].casefold() for line in lines]
    assert names == sorted(names)


def test_models_are_found_by_a_part_of_their_name_or_protocol_in_any_case(bundled: DeviceConfiguration) -> None:
    assert model_lines(bundled, "lovense nora") == [
        "Lovense Nora  Vibrate, Rotate, Battery (protocol lovense)",
        "Lovense Nora  Vibrate, Rotate, Battery (protocol lovense-connect-service)",
    ]
    assert model_lines(bundled, "ANEROS") == ["Aneros Vivi  Vibrate (protocol aneros)"]


def test_a_model_that_cannot_be_driven_yet_says_so(bundled: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buttplug.server.program.listings.supports", lambda protocol: False)
    assert model_lines(bundled, "aneros") == ["Aneros Vivi  Vibrate (protocol aneros, NOT SUPPORTED YET)"]


def test_that_no_model_is_called_so_is_told(bundled: DeviceConfiguration) -> None:
    assert model_lines(bundled, "xyz\x1b") == ['no model has "xyz\\x1b" in its name or that of its protocol']


def test_devices_are_listed_with_all_that_is_set_for_them() -> None:
    configuration = DeviceConfiguration.load()
    limits = OutputSettings(value=(1, 5))
    off = OutputSettings(disabled=True)
    place = OutputSettings(duration=(100, 2000), reverse=True)
    key = DeviceKey("aneros", None, "AA:BB:CC:DD:EE:FF")
    configuration.settings[key] = DeviceSettings(
        index=3,
        display_name="Bed\x1b",
        allow=True,
        message_gap=0.1,
        outputs={(1, OutputType.VIBRATE): off, (0, OutputType.VIBRATE): limits, (2, OutputType.POSITION): place},
    )
    configuration.settings[DeviceKey("unheard-of", None, "x")] = DeviceSettings(deny=True)
    assert device_lines(configuration) == [
        "3: Bed\\x1b, Aneros Vivi at AA:BB:CC:DD:EE:FF (protocol aneros)",
        "    may connect; devices that are not marked like this may not",
        "    100 ms between two commands",
        "    feature 0, Vibrate: 1 to 5",
        "    feature 1, Vibrate: disabled",
        "    feature 2, Position: 100 to 2000 ms, reversed",
        "-: unknown protocol unheard-of at x (protocol unheard-of)",
        "    may not connect",
    ]


def test_where_there_are_no_settings_it_is_told_where_they_would_come_from(bundled: DeviceConfiguration) -> None:
    (line,) = device_lines(bundled)
    assert "--user-device-config-file" in line


@pytest.mark.parametrize("words", [["--list-models", "nora"], ["--list-known", "nora"]])
def test_a_listing_is_all_that_standard_output_has(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "Lovense Nora" in out
    assert "aneros" not in out
    assert err == ""


def test_devices_come_from_the_users_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    device = {
        "identifier": {"protocol": "aneros", "identifier": None, "address": "A1"},
        "config": {
            "id": "e3d3c3b3-0a0b-4c0d-8e0f-101112131415",
            "features": [],
            "user_config": {"allow": False, "deny": False, "index": 7, "display_name": "Bed"},
        },
    }
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"version": {"major": 4, "minor": 0}, "user_configs": {"devices": [device]}}))
    assert main(["--list-devices", "--user-device-config-file", str(file)]) == 0
    assert capsys.readouterr().out == "7: Bed, Aneros Vivi at A1 (protocol aneros)\n"
