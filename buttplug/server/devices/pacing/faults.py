"""What goes wrong with one device, on the log: once of each kind, since the same may happen many times a second."""

from __future__ import annotations

import logging

from buttplug.core.errors import ButtplugError
from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)


class Faults:
    """The faults of one device that were logged already."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kinds: set[type[Exception]] = set()
        self._not_stopped = ""

    def protocol_failed(self, error: Exception) -> None:
        """Note that the protocol failed to make packets, by a fault in it."""
        if type(error) not in self._kinds:
            self._kinds.add(type(error))
            logger.error(
                "%s: no packets could be made, which is a fault of the server: %r. It is logged once; commands that need"
                " these packets go on failing",
                self._name,
                error,
            )
            logger.debug("%s: where it failed:", self._name, exc_info=error)

    def not_stopped(self, error: ButtplugError) -> None:
        """Note that a stop failed, and will be tried again."""
        if error.message != self._not_stopped:
            self._not_stopped = error.message
            logger.error("%s: %s; trying again until it is", self._name, error)

    def stopped(self) -> None:
        """Note that a stop was written."""
        if self._not_stopped:
            self._not_stopped = ""
            logger.warning("%s: it is stopped now", self._name)
