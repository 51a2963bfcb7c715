"""Buses that do not tell what comes and goes, and so are looked at again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from buttplug.hardware.errors import HardwareError

logger = logging.getLogger(__name__)


class Poll:
    """An action that is done at once and then every ``interval`` seconds, which may change, until it is stopped.

    A failure does not end it; the same failure is reported once, however often it happens in a row.
    """

    def __init__(self, name: str, action: Callable[[], Awaitable[None]], interval: float) -> None:
        self.name = name
        self.interval = interval
        self._action = action
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._task is not None

    def start(self) -> None:
        """Begin; nothing happens while it runs."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"{self.name} poll")

    async def stop(self) -> None:
        """End and wait for the end; nothing happens while it does not run."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        while True:
            try:
                await self._action()
            except HardwareError as error:
                if error.message != self._told:
                    logger.warning("%s: %s", self.name, error)
                self._told = error.message
            except Exception as error:
                if str(error) != self._told:
                    logger.exception("%s: unexpected error", self.name)
                self._told = str(error)
            else:
                self._told = ""
            await asyncio.sleep(self.interval)
