"""Reads what devices exist: a folder with one file per protocol, or the base file of the existing ecosystem."""

from __future__ import annotations

import codecs
import logging
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from buttplug.core.log import logger_of
from buttplug.core.unreadable import UNREADABLE
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import BaseFile, ProtocolEntry, ProtocolFile, Version

logger: logging.Logger = logger_of(__name__)

#: Major versions of the ecosystem's configuration files that can be read.
SUPPORTED_FORMATS = (4, 5)

_VERSION_FILE = "version.json"
_SCHEMA_FILE = "schema.json"

_Content = TypeVar("_Content")

_protocol_file_decoder = msgspec.json.Decoder(ProtocolFile)


def read_base(source: Path) -> tuple[Version, dict[str, ProtocolEntry]]:
    """Return the version and the protocols of a folder or a base file.

    Raises:
        ConfigurationError: A file cannot be read or used; the message names it, the field, and what is wrong.
    """
    return _read_folder(source) if source.is_dir() else _read_base_file(source)


def check_format(path: Path, version: Version) -> None:
    """Raise :class:`ConfigurationError` for a file whose format is not supported."""
    if version.major not in SUPPORTED_FORMATS:
        supported = " and ".join(str(major) for major in SUPPORTED_FORMATS)
        raise ConfigurationError(f"{path}: $.version.major is {version.major}, but only {supported} can be read")


def bundled_folder() -> Path:
    """Return where the bundled files are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    inside = package / "device-config"
    return inside if inside.is_dir() else package.parent / "device-config"


def _read_folder(folder: Path) -> tuple[Version, dict[str, ProtocolEntry]]:
    version = _decode_file(folder / _VERSION_FILE, msgspec.json.Decoder(Version))
    entries: dict[str, ProtocolEntry] = {}
    for path in sorted(folder.glob("*.json"), key=attrgetter("stem")):
        if path.name in (_VERSION_FILE, _SCHEMA_FILE):
            continue
        entry = _decode_file(path, _protocol_file_decoder)
        problems = list(entry.problems())
        if entry.protocol != path.stem:
            problems.append(f"$.protocol is {entry.protocol}, but the file is named {path.name}")
        if problems:
            raise ConfigurationError(f"{path}: {'; '.join(problems)}")
        entries[entry.protocol] = entry
    return version, entries


def _read_base_file(path: Path) -> tuple[Version, dict[str, ProtocolEntry]]:
    """Protocols that cannot be used, and ways to find devices that are not known here, are left out with a warning."""
    base = _decode_file(path, msgspec.json.Decoder(BaseFile))
    check_format(path, base.version)
    entries: dict[str, ProtocolEntry] = {}
    for protocol, raw in base.protocols.items():
        try:
            entry = msgspec.json.decode(raw, type=ProtocolEntry)
        except UNREADABLE as error:
            problems = [str(error)]
        else:
            unknown = [number for number, item in enumerate(entry.communication) if not item.has_known_kind]
            for number in unknown:
                logger.warning(
                    "%s: protocol %s: $.communication[%d] is left out: it has no known kind", path, protocol, number
                )
            entry.communication = [item for item in entry.communication if item.has_known_kind]
            problems = list(entry.problems())
        if problems:
            logger.warning("%s: protocol %s is left out: %s", path, protocol, "; ".join(problems))
        else:
            entries[protocol] = entry
    return base.version, entries


def _decode_file(path: Path, decoder: msgspec.json.Decoder[_Content]) -> _Content:
    try:
        return decoder.decode(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {_place_of_fault(path) or error}") from error


def _place_of_fault(path: Path) -> str | None:
    """Return where a file is not JSON, and why; None where that cannot be told."""
    import json

    try:
        json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError):
        return None
    return None
