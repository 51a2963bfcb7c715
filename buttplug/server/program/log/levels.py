"""Which records are told: levels for all of the server or for a part of it."""

from __future__ import annotations

import logging
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

#: The numbers that the ecosystem's engine takes for levels.
_NUMBERS: Mapping[str, str] = {"1": "error", "2": "warn", "3": "info", "4": "debug", "5": "trace"}

#: Parts of the server whose level can be set by themselves, and the loggers they are.
PARTS: Mapping[str, str] = {
    "client": "buttplug.server.session",
    "device": "buttplug.server.devices",
    "websocket": "buttplug.server.websocket",
    "rest": "buttplug.server.rest",
    "hardware": "buttplug.hardware",
    "bluetooth": "buttplug.hardware.bluetooth",
    "serial": "buttplug.hardware.serial",
    "hid": "buttplug.hardware.hid",
    "usb": "buttplug.hardware.usb",
    "simulated": "buttplug.hardware.simulated",
}


def levels_of(text: str) -> dict[str, int]:
    """Return logger names and levels for a ``--log-level`` such as ``info`` or ``info,bluetooth=debug``.

    Raises:
        ValueError: A level or a part is unknown; the message says which there are.
    """
    levels = {}
    for word in text.lower().split(","):
        part, _, level = word.strip().rpartition("=")
        level = _NUMBERS.get(level, level)
        if level not in LEVELS:
            raise ValueError(f'"{level}" is no log level; there are {", ".join(LEVELS)}')
        if part and part not in PARTS:
            raise ValueError(f'"{part}" has no log of its own; there are {", ".join(PARTS)}')
        levels[PARTS[part] if part else "buttplug"] = LEVELS[level]
    return levels
