"""Warnings that are repeated are counted instead of told."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator

from buttplug.server.program.log.lines import message_of

#: Seconds in which the same warning is told once.
REPEAT_TIME = 10.0
#: Different warnings that are remembered.
MEMORY = 1000


class Repeats:
    """Leaves out warnings that were just told, and says how often when the time is over in which they are told once."""

    def __init__(self) -> None:
        #: The first record of each warning, oldest first, and how many like it were left out.
        self._logged: dict[tuple[str, str], tuple[logging.LogRecord, int]] = {}

    def filter(self, record: logging.LogRecord) -> Iterator[logging.LogRecord]:
        """Return what is to be told now that this record has come."""
        if record.levelno < logging.WARNING:
            yield from self._over(record.created - REPEAT_TIME)
            yield record
            return
        key = (record.name, message_of(record))
        first, left_out = self._logged.get(key, (record, 0))
        if first is not record and record.created - first.created < REPEAT_TIME:
            self._logged[key] = (first, left_out + 1)
            return
        self._logged.pop(key, None)
        yield from self._over(record.created - REPEAT_TIME)
        self._logged[key] = (record, 0)
        yield _counted(record, left_out) if left_out else record
        if len(self._logged) > MEMORY:
            yield from self._forget_oldest()

    def rest(self) -> Iterator[logging.LogRecord]:
        """Return what was left out and is not yet told."""
        while self._logged:
            yield from self._forget_oldest()

    def _over(self, before: float) -> Iterator[logging.LogRecord]:
        while self._logged and next(iter(self._logged.values()))[0].created <= before:
            yield from self._forget_oldest()

    def _forget_oldest(self) -> Iterator[logging.LogRecord]:
        first, left_out = self._logged.pop(next(iter(self._logged)))
        if left_out:
            yield _counted(first, left_out)


def _counted(record: logging.LogRecord, left_out: int) -> logging.LogRecord:
    counted = copy.copy(record)
    counted.msg, counted.args = f"{message_of(record)} ({left_out} more times)", None
    return counted
