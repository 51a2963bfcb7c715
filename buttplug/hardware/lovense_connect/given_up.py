"""Commands to an app that were given up, but may still reach their toy."""

from __future__ import annotations

import asyncio
import logging

from buttplug.core.log import logger_of
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.lovense_connect.http_get import Answer

logger: logging.Logger = logger_of(__package__)

#: Given-up commands per toy whose answers are still listened for; of more the oldest are cancelled.
MAX_GIVEN_UP = 16


class GivenUp:
    """The commands to one toy that were given up. Until one is answered it may still arrive, even after the toy was lost and
    came back.

    Attributes:
        settled: A future that is done when none of them can arrive any more; None if none can now.
    """

    def __init__(self, toy: str) -> None:
        self.settled: asyncio.Future[None] | None = None
        self._toy = toy
        self._requests: dict[asyncio.Task[Answer], None] = {}

    def add(self, request: asyncio.Task[Answer]) -> None:
        """Keep listening for the answer to a request."""
        if len(self._requests) >= MAX_GIVEN_UP:
            next(iter(self._requests)).cancel()
        self._requests[request] = None
        if self.settled is None:
            self.settled = asyncio.get_running_loop().create_future()
        request.add_done_callback(self._ended)

    async def end(self) -> None:
        """Cancel all of them."""
        for request in self._requests:
            request.cancel()
        if self._requests:
            await asyncio.wait(tuple(self._requests))

    def _ended(self, request: asyncio.Task[Answer]) -> None:
        self._requests.pop(request, None)
        if not request.cancelled() and not isinstance(error := request.exception(), HardwareError | None):
            logger.error("%s: an answer that came late could not be read", self._toy, exc_info=error)
        if not self._requests and self.settled is not None:
            settled, self.settled = self.settled, None
            settled.set_result(None)
