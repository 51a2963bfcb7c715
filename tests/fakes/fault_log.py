"""The faults on the log: exceptions that were logged; and a log that keeps nothing else, for thousands of troubles."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class _Handler(logging.Handler):
    def __init__(self, faults: list[str]) -> None:
        super().__init__()
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._faults.append(self.format(record))


@contextmanager
def only_faults() -> Iterator[list[str]]:
    """Leave out the log, but for what it says of exceptions: yields that, as it comes."""
    faults: list[str] = []
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, [_Handler(faults)]
    logging.disable(logging.WARNING)
    try:
        yield faults
    finally:
        logging.disable(logging.NOTSET)
        root.handlers = handlers


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was raised, for everything that was logged with an exception."""
    return [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
