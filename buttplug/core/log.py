"""The loggers of this package."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial

#: What was raised and is told already, each kind once.
_told: set[type[Exception]] = set()


def logger_of(name: str) -> logging.Logger:
    """Return a logger for which the handlers and filters of the program may fail, and nothing is raised where it is used.

    A line that cannot be logged must not keep a device from its stop.
    """
    logger = logging.getLogger(name)
    logger.handle = partial(_handle, logger.handle)  # type: ignore[method-assign]
    return logger


def _handle(handle: Callable[[logging.LogRecord], None], record: logging.LogRecord) -> None:
    try:
        handle(record)
    except Exception as error:  # noqa: BLE001 whatever it is, it is not of whoever logs
        if logging.raiseExceptions and type(error) not in _told:
            _told.add(type(error))
            with suppress(Exception):
                sys.stderr.write("A line could not be logged; that a handler or filter of the log fails so is told once:\n")
                traceback.print_exception(error)
