"""Reads user configuration files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from buttplug.server.devices.base_files import bundled_folder
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.user_configuration import load_user_configuration
from tests.server.devices.user_configuration.helpers import Json, Load, content_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "user.json"


@pytest.fixture
def load(path: Path) -> Load:
    def load(major: int = 4, **user_configs: Json) -> DeviceConfiguration:
        path.write_text(json.dumps(content_of(major, **user_configs)))
        configuration = DeviceConfiguration.load()
        load_user_configuration(path, configuration)
        return configuration

    return load


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The protocols that occur here: they are read faster than all."""
    folder = tmp_path_factory.mktemp("few")
    for name in ("version", "aneros", "lovense", "simulated", "tcode-v03"):
        shutil.copy(bundled_folder() / f"{name}.json", folder)
    return folder
