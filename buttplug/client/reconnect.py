"""Coming back to a server whose connection was lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from buttplug.core.errors import ButtplugConnectorError, ButtplugError
from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)

#: Seconds before the first attempt, and the longest between two. Each pause is twice the one before, and of that a random half
#: to whole, so that the clients of a server that restarts do not all come at once.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


class Reconnector:
    """Tries to connect again and again, ever less often, until it worked or is stopped.

    A connection that is lost again soon continues the row of pauses: a server that takes a client and drops it at once is not
    besieged either.

    Args:
        connect: Makes one attempt; raises :class:`ButtplugError` when it fails.
        on_failure: Is told of each attempt that failed, and the seconds until the next one.
    """

    def __init__(self, connect: Callable[[], Awaitable[None]], on_failure: Callable[[ButtplugError, float], None]) -> None:
        self._connect = connect
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None
        self._attempts = 0
        self._back_since: float | None = None

    @property
    def active(self) -> bool:
        """Whether it is trying."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Try until it worked."""
        loop = asyncio.get_running_loop()
        if self._back_since is None or loop.time() - self._back_since > LONGEST_PAUSE:
            self._attempts = 0
        self._task = loop.create_task(self._run())

    def stop(self) -> None:
        """Try no more; an attempt that is under way is given up."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        pause = self._next_pause()
        while True:
            await asyncio.sleep(pause)
            pause = self._next_pause()
            try:
                await self._connect()
            except ButtplugError as error:
                self._on_failure(error, pause)
            except Exception as error:
                logger.exception("An attempt to reconnect failed in an unexpected way")
                self._on_failure(ButtplugConnectorError(f"Failed to connect: {error!r}"), pause)
            else:
                self._back_since = asyncio.get_running_loop().time()
                return

    def _next_pause(self) -> float:
        # The exponent is bounded, or the power would grow out of all numbers in a night without a server.
        pause = min(FIRST_PAUSE * 2.0 ** min(self._attempts, 16), LONGEST_PAUSE)
        self._attempts += 1
        return pause * random.uniform(0.5, 1.0)
