"""Saves what users set soon after it has changed, without holding up the event loop."""

from __future__ import annotations

import asyncio
import logging

from buttplug.core.log import logger_of
from buttplug.hardware.common.threads import Worker
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError

logger: logging.Logger = logger_of(__name__)

#: Seconds from the first change to the saving of all changes until then.
SAVE_DELAY = 1.0


class AutoSave:
    """Saves a configuration to its user file, if it has one. What goes wrong is told on the log, once until it changes."""

    def __init__(self, configuration: DeviceConfiguration) -> None:
        self._configuration = configuration
        self._due: asyncio.TimerHandle | None = None
        self._saving: asyncio.Future[None] | None = None
        self._worker: Worker | None = None
        self._problem = ""

    def changed(self) -> None:
        """Save soon."""
        if self._configuration.user_file is not None and self._due is None:
            self._due = asyncio.get_running_loop().call_later(SAVE_DELAY, self._save)

    async def close(self, limit: float) -> None:
        """Save now what is not saved yet; wait for that for so many seconds."""
        if self._due is not None:
            self._due.cancel()
        if self._due is not None or self._problem:
            # What could not be saved before perhaps can by now.
            self._save()
        if self._saving is not None:
            await asyncio.wait([self._saving], timeout=limit)
        if self._worker is not None:
            self._worker.end()

    def _save(self) -> None:
        self._due = None
        file = self._configuration.user_file
        if file is None or file.read_only is not None:
            return
        if self._worker is None:
            self._worker = Worker("saving settings")
        try:
            data = file.render()
        except Exception:
            logger.exception("Settings are not saved")
            return
        self._saving = asyncio.wrap_future(self._worker.post(lambda: file.write(data)))
        self._saving.add_done_callback(self._saved)

    def _saved(self, saving: asyncio.Future[None]) -> None:
        error = None if saving.cancelled() else saving.exception()
        problem = str(error) if error is not None else ""
        if problem and problem != self._problem:
            logger.warning("Settings are not saved: %s", problem)
            if not isinstance(error, ConfigurationError):
                logger.error("an unexpected error", exc_info=error)
        self._problem = problem
