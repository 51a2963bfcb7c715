"""The log of the program: on stderr or in a file, a line for each record, and never waited for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from buttplug.server.program.log.levels import TRACE, levels_of
from buttplug.server.program.log.lines import JsonLines, TextLines
from buttplug.server.program.log.repeats import Repeats
from buttplug.server.program.output import END_LIMIT, NonBlockingOutput

__all__ = ["LogFormat", "levels_of", "logging_to"]

LogFormat = Literal["text", "json"]


@contextmanager
def logging_to(file: Path | None, levels: Mapping[str, int], format: LogFormat = "text") -> Iterator[None]:  # noqa: A002
    """Log while the context is open: to the end of a file, or to stderr where that is None.

    Raises:
        OSError: The file cannot be opened.
    """
    opened = None if file is None else file.open("ab", buffering=0)
    own = None if opened is None else NonBlockingOutput(opened, "utf-8")
    stream: TextIO = sys.stderr if own is None else own  # type: ignore[assignment]
    formatter = _formatter(stream, levels, format)
    handler = _Handler(stream)
    handler.setFormatter(formatter)
    if isinstance(stream, NonBlockingOutput):
        stream.dropped_line = lambda count: formatter.format(_dropped_record(count)) + "\n"
    logging.addLevelName(TRACE, "TRACE")
    logging.captureWarnings(True)
    # What goes wrong with a connection is told by the listener, in its own words.
    defaults = {"": logging.WARNING, "buttplug": logging.INFO, "websockets": logging.CRITICAL}
    before = _set_levels(defaults | dict(levels))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        handler.tell_rest()
        logging.getLogger().removeHandler(handler)
        _set_levels(before)
        logging.captureWarnings(False)
        if own is not None and opened is not None and own.end(END_LIMIT):
            opened.close()


def _set_levels(levels: Mapping[str, int]) -> dict[str, int]:
    """Set the levels of loggers, by name; return those they had."""
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    return before


def _formatter(stream: TextIO, levels: Mapping[str, int], format_: LogFormat) -> logging.Formatter:
    short_addresses = min(levels.values(), default=logging.INFO) > logging.DEBUG
    if format_ == "json":
        return JsonLines(short_addresses=short_addresses)
    colour = stream is not None and stream.isatty() and "NO_COLOR" not in os.environ
    return TextLines(colour=colour, short_addresses=short_addresses)


class _Handler(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        for told in self._repeats.filter(record):
            super().emit(told)

    def tell_rest(self) -> None:
        for told in self._repeats.rest():
            super().emit(told)


def _dropped_record(count: int) -> logging.LogRecord:
    text = "%d lines of this log were dropped, since nobody read them in time"
    return logging.getLogger(__name__).makeRecord(__name__, logging.WARNING, "", 0, text, (count,), None)
