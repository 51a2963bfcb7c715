"""Writes a file so that at every moment it is the old one or the new one, whole, whatever happens."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from buttplug.server.devices.errors import ConfigurationError

#: Ends the name of the file that has the content before the last change.
BACKUP = ".backup"


def replace_file(path: Path, data: bytes, expected: bytes | None) -> None:
    """Write a file anew, and keep what was in it beside it.

    ``expected`` is what is in it now, None where there is no file.

    Raises:
        ConfigurationError: It cannot be written, or another program has changed it. What was there is still there.
    """
    try:
        # What a link leads to is written, and the link stays.
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        current = _read(target)
        if current != expected:
            raise ConfigurationError(
                f"{path} was changed by another program since it was read, and is left as it is: what was set since then is "
                "lost at the end; start again to use what is in it now"
            )
        if current is not None:
            _put(target.with_name(target.name + BACKUP), current, target)
        _put(target, data, target)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be saved: {error.strerror or error}") from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _put(path: Path, data: bytes, like: Path) -> None:
    """Write a file beside another and give it its name in one step, with the owner and the permissions of ``like``."""
    # A name that nothing has, and a file that is new: who else saves has another, and no link leads elsewhere.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            if like.exists():
                _make_alike(beside, like.stat())
            written = 0
            while written < len(data):
                written += os.write(file, data[written:])
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(beside, path)  # noqa: PTH105 the name says what is meant: in one step
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    _keep_name(path.parent)


def _make_alike(path: Path, like: os.stat_result) -> None:
    with suppress(OSError, AttributeError):
        # Only an administrator may give a file away, and not every system has owners.
        os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, like.st_mode & 0o777)  # noqa: PTH101 as all system calls of a save, whose failures are tested


def _keep_name(folder: Path) -> None:
    """Have the system write down the new name too; not every system can be asked to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
