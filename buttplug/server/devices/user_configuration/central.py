"""Brings over what users set in Intiface Central."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from buttplug.core.log import logger_of
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.user_configuration import document
from buttplug.server.devices.user_configuration.file import UserFile
from buttplug.server.devices.user_configuration.older import brought_over
from buttplug.server.devices.user_configuration.places import central_paths

logger: logging.Logger = logger_of(__name__)


def import_central(target: Path, configuration: DeviceConfiguration, sources: Sequence[Path] | None = None) -> str:
    """Copy the newest of Intiface Central's files that can be used; its own files are left as they are.

    ``sources`` are other files to look for instead. Formats 2 and 3 become format 5. Returns a sentence that says what was
    brought over.

    Raises:
        ConfigurationError: There is none that can be used, or ``target`` exists, which is not overwritten.
    """
    if target.exists():
        raise ConfigurationError(
            f"{target} exists already and is left as it is: rename it, or name another file for the import"
        )
    sources = central_paths() if sources is None else sources
    there = [source for source in sources if source.is_file()]
    for source in there:
        file = UserFile(target, configuration)
        try:
            content = document.parse(source.read_bytes()).content
            for repeated in document.repeated_keys(content, "$"):
                # Written anew it would have the last value, and nobody would know that another one may be meant.
                raise ConfigurationError(f"{repeated}; leave only the one that counts")
            file.take(brought_over(document.without_nulls(content), configuration), source)
        except (ConfigurationError, OSError) as error:
            logger.warning("%s cannot be imported: %s", source, error)
            continue
        file.save()
        return f"{source} was imported as {target}: {file.summary}"
    if there:
        raise ConfigurationError(f"nothing can be imported from {', '.join(map(str, there))}; what is there is left as it is")
    looked = ", ".join(dict.fromkeys(str(source.parent) for source in sources))
    raise ConfigurationError(f"no settings of Intiface Central were found; looked in {looked}")
