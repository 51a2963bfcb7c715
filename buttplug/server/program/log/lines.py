"""How a record reads: a line of text for people, or a line of JSON for programs.

What a record holds may come from devices, clients and files. It is escaped, so that it cannot look like another record, nor
command a terminal.
"""

from __future__ import annotations

import json
import logging
import re
import time

from buttplug.core.text import escaped

#: Characters of a message, and of a traceback, that are told.
MESSAGE_LIMIT = 10_000

_COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31;1"}

#: An address of Bluetooth hardware, but for its last two bytes.
_ADDRESS = re.compile(r"\b(?:[0-9A-Fa-f]{2}[:-]){4}(?=[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}\b)")


class TextLines(logging.Formatter):
    """``2026-11-22T09:30:01.234Z INFO session: text``; the lines of a traceback follow, each of them indented.

    ``short_addresses``: leave out most of the addresses of hardware, which tell who somebody is.
    """

    def __init__(self, *, colour: bool, short_addresses: bool) -> None:
        super().__init__()
        self._colour = colour
        self._short_addresses = short_addresses

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname
        if self._colour and record.levelno in _COLOURS:
            level = f"\033[{_COLOURS[record.levelno]}m{level}\033[0m"
        text = _message(record, short_addresses=self._short_addresses)
        lines = [f"{_time(record)} {level} {record.name.rpartition('.')[2]}: {escaped(text)}"]
        lines += (f"    {escaped(line)}" for line in _traceback(self, record).split("\n") if line)
        return "\n".join(lines)


class JsonLines(logging.Formatter):
    """``{"time": …, "level": …, "logger": …, "msg": …}``, and ``"exception"`` where there is one. Plain ASCII."""

    def __init__(self, *, short_addresses: bool) -> None:
        super().__init__()
        self._short_addresses = short_addresses

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": _message(record, short_addresses=self._short_addresses),
        }
        if traceback := _traceback(self, record):
            fields["exception"] = traceback
        return json.dumps(fields)


def message_of(record: logging.LogRecord) -> str:
    """Return a record's text; one that was made wrongly is told as it is, not by a traceback of its own."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001
        return f"{record.msg!r} with {record.args!r} (no message can be made of this: {error!r})"


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _message(record: logging.LogRecord, *, short_addresses: bool) -> str:
    text = message_of(record)
    return _clipped(_ADDRESS.sub("..:", text) if short_addresses else text)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return _clipped(formatter.formatException(record.exc_info)) if record.exc_info else ""


def _clipped(text: str) -> str:
    if len(text) <= MESSAGE_LIMIT:
        return text
    return f"{text[:MESSAGE_LIMIT]} ({len(text) - MESSAGE_LIMIT} more characters)"
