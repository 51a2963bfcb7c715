"""Where user configuration files are: this package's own, and those of Intiface Central."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

FILE_NAME = "user-device-config.json"

#: Intiface Central's files, the newest first: its versions 3.1, 3.0, 2.6 and older.
CENTRAL_NAMES = (
    "buttplug-user-device-config-v5.json",
    "buttplug-user-device-config-v4.json",
    "buttplug-user-device-config-v3.json",
    "buttplug-user-device-config.json",
)


def default_path(system: str = "", environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Return where a user's file is when nothing is said; without arguments for the user of this process."""
    return _settings_folder(system or sys.platform, environment, home or Path.home()) / "buttplug" / FILE_NAME


def central_paths(system: str = "", environment: Mapping[str, str] = os.environ, home: Path | None = None) -> list[Path]:
    """Return where Intiface Central's files may be, those of the newest format first."""
    folders = list(_central_folders(system or sys.platform, environment, home or Path.home()))
    return [folder / "config" / name for name in CENTRAL_NAMES for folder in folders]


def _settings_folder(system: str, environment: Mapping[str, str], home: Path) -> Path:
    if system == "win32":
        return _folder(environment, "APPDATA", home / "AppData" / "Roaming")
    if system == "darwin":
        return home / "Library" / "Application Support"
    return _folder(environment, "XDG_CONFIG_HOME", home / ".config")


def _central_folders(system: str, environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    if system == "win32":
        yield _settings_folder(system, environment, home) / "com.nonpolynomial" / "intiface_central"
        packages = _folder(environment, "LOCALAPPDATA", home / "AppData" / "Local") / "Packages"
        for package in sorted(packages.glob("NonpolynomialLabsLLC.IntifaceCentral_*")):
            yield package / "LocalCache" / "Roaming" / "com.nonpolynomial" / "intiface_central"
    elif system == "darwin":
        container = home / "Library" / "Containers" / "com.nonpolynomial.intifacecentral" / "Data"
        yield container / "Library" / "Application Support" / "com.nonpolynomial.intifacecentral"
    else:
        data = _folder(environment, "XDG_DATA_HOME", home / ".local" / "share")
        yield data / "com.nonpolynomial.intiface_central"
        yield data / "intiface_central"


def _folder(environment: Mapping[str, str], name: str, default: Path) -> Path:
    """Return a folder that the environment names; one that is not absolute does not count."""
    folder = Path(environment.get(name, ""))
    return folder if folder.is_absolute() else default
