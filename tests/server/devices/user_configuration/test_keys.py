"""A file says what was read of it, and what was not because of a misspelt key."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.user_configuration import load_user_configuration
from tests.server.devices.user_configuration.helpers import (
    Json,
    Load,
    content_of,
    device,
    feature,
)

MISSPELT = [
    (("user-configs",), "user_configs"),
    (("user_config",), "user_configs"),
    (("user_configs", "device"), "devices"),
    (("user_configs", "protocol"), "protocols"),
    (("user_configs", "devices", 0, "identifer"), "identifier"),
    (("user_configs", "devices", 0, "identifier", "protocl"), "protocol"),
    (("user_configs", "devices", 0, "config", "user_configs"), "user_config"),
    (("user_configs", "devices", 0, "config", "user_config", "display-name"), "display_name"),
    (("user_configs", "devices", 0, "config", "features", 0, "ouput"), "output"),
    (("user_configs", "devices", 0, "config", "features", 0, "output", "vibrate", "vlaue"), "value"),
    (("user_configs", "protocols", "tcode-v03", "comunication"), "communication"),
    (("user_configs", "protocols", "tcode-v03", "communication", 0, "serail"), "serial"),
    (("user_configs", "protocols", "tcode-v03", "communication", 0, "serial", "baudrate"), "baud_rate"),
    (("user_configs", "protocols", "tcode-v03", "configurations", 0, "feature"), "features"),
    (("user_configs", "protocols", "tcode-v03", "configurations", 0, "features", 0, "outputs"), "output"),
    (("user_configs", "simulated_devices", 0, "displayname"), "display_name"),
]


@pytest.mark.parametrize(("path_", "meant"), MISSPELT, ids=lambda value: str(value[-1]) if isinstance(value, tuple) else "")
def test_a_misspelt_key_is_told_at_every_level_with_what_may_be_meant(
    path: Path, caplog: pytest.LogCaptureFixture, path_: tuple[str | int, ...], meant: str
) -> None:
    whole: Json = {"index": 0, "output": {"vibrate": {"value": [0, 99]}}}
    content: Any = content_of(
        devices=[device(feature(vibrate={"value": [0, 5]}))],
        protocols={
            "tcode-v03": {
                "communication": [{"serial": {"port": "COM1", "baud_rate": 9600}}],
                "configurations": [{"identifier": ["x"], "name": "X", "features": [whole]}],
            }
        },
        simulated_devices=[{"identifier": "simulated-1vibe"}],
    )
    *way, key = path_
    inner = content
    for step in way:
        inner = inner[step]
    inner[key] = inner.pop(meant, 5)
    path.write_text(json.dumps(content))
    load_user_configuration(path, DeviceConfiguration.load())
    assert any(f"{key} is ignored: it means nothing here; did you mean {meant}?" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("entries", "summary"),
    [
        ({}, "read 0 devices, 0 limits"),
        ({"devices": [device(feature(vibrate={"value": [0, 5]}))]}, "read 1 device, 1 limit"),
        (
            {
                "devices": [
                    device(feature(vibrate={"value": [0, 5]}), feature(vibrate={"disabled": True})),
                    device(feature(vibrate={"value": [0, 5]}), address="other", index=1),
                    None,
                ],
                "protocols": {"tcode-v03": {"communication": [{"websocket": {"name": "a"}}, {"future": {}}]}},
                "simulated_devices": [{"identifier": "simulated-1vibe"}],
            },
            "read 2 devices, 3 limits, 1 specifier, 1 simulated device",
        ),
    ],
)
def test_at_load_the_log_says_what_was_read(
    load: Load, caplog: pytest.LogCaptureFixture, entries: dict[str, Json], summary: str
) -> None:
    with caplog.at_level(logging.INFO):
        load(5, **entries)
    assert caplog.messages[-1].endswith(f"user.json: {summary}")
