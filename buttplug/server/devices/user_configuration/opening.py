"""Opens the user's file of a server that runs as a program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from buttplug.core.log import logger_of
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.user_configuration.places import central_paths, default_path

logger: logging.Logger = logger_of(__name__)


def open_user_file(named: Path | None, configuration: DeviceConfiguration, central: Sequence[Path] | None = None) -> None:
    """Read the named file, or the one at the usual place if there is one, and have changes saved in it.

    A named one that is not there yet is made when there is something to save.

    Raises:
        ConfigurationError: It is there, and cannot be used: then it is not known what its user allowed.
    """
    path = default_path() if named is None else named
    is_there = path.exists()
    if is_there or named is not None:
        from buttplug.server.devices.user_configuration.file import UserFile

        UserFile.open(path, configuration)
    if is_there:
        return
    if named is not None:
        logger.warning("%s is not there: no settings are read; it is made when there is something to save", path)
    found = next((source for source in (central_paths() if central is None else central) if source.is_file()), None)
    if found is not None:
        logger.warning(
            "What you set in Intiface Central (%s), limits too, does not count here: --import-central brings it", found
        )
