"""Logging of the command line server: one line each on stderr, levels per part, repeats counted."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping

TRACE = 5

LEVELS: Mapping[str, int] = {
    "off": logging.CRITICAL + 1,
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}

#: Parts of the server whose level can be set by themselves, and the loggers they are.
PARTS: Mapping[str, str] = {
    "client": "buttplug.server.session",
    "device": "buttplug.server.devices",
    "websocket": "buttplug.server.websocket",
    "hardware": "buttplug.hardware",
    "bluetooth": "buttplug.hardware.bluetooth",
    "serial": "buttplug.hardware.serial",
    "hid": "buttplug.hardware.hid",
    "usb": "buttplug.hardware.usb",
    "simulated": "buttplug.hardware.simulated",
}

#: Seconds in which the same warning is told once.
REPEAT_TIME = 10.0

_COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31;1"}


def levels_of(text: str) -> dict[str, int]:
    """Return logger names and levels for a ``--log-level`` such as ``info`` or ``info,bluetooth=debug``.

    Raises:
        ValueError: A level or a part is unknown; the message says which there are.
    """
    levels = {}
    for word in text.lower().split(","):
        part, _, level = word.strip().rpartition("=")
        if level not in LEVELS:
            raise ValueError(f'"{level}" is no log level; there are {", ".join(LEVELS)}')
        if part and part not in PARTS:
            raise ValueError(f'"{part}" has no log of its own; there are {", ".join(PARTS)}')
        levels[PARTS[part] if part else "buttplug"] = LEVELS[level]
    return levels


def set_up(levels: Mapping[str, int]) -> None:
    """Log to stderr, at the given levels."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(colour=sys.stderr.isatty() and "NO_COLOR" not in os.environ))
    handler.addFilter(_Repeats().is_new)
    logging.addLevelName(TRACE, "TRACE")
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("buttplug").setLevel(logging.INFO)
    # What goes wrong with a connection is told by the listener, in its own words.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class _Formatter(logging.Formatter):
    """``2026-11-22T09:30:01.234Z INFO session: text``."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        level = record.levelname
        if self._colour and record.levelno in _COLOURS:
            level = f"\033[{_COLOURS[record.levelno]}m{level}\033[0m"
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{seconds}.{int(record.msecs):03d}Z {level} {record.name.rpartition('.')[2]}: {text}"


class _Repeats:
    """Leaves out a warning that was just told, and says how often when it is told again."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def is_new(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key = (record.name, record.getMessage())
        last, left_out = self._told.get(key, (-REPEAT_TIME, 0))
        if record.created - last < REPEAT_TIME:
            self._told[key] = (last, left_out + 1)
            return False
        self._told = {key: at for key, at in self._told.items() if record.created - at[0] < REPEAT_TIME}
        self._told[key] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{key[1]} ({left_out} more times)", None
        return True
