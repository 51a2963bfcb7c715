"""The pings that keep a server from stopping a client's devices."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from buttplug.client.connection import Connection
from buttplug.client.request import Answer, Request
from buttplug.core.errors import ButtplugConnectorError, ButtplugPingError
from buttplug.core.log import logger_of
from buttplug.core.messages import Ok, Ping

logger: logging.Logger = logger_of(__name__)


class Pinger:
    """Pings twice in every ``max_ping_time`` seconds, in a task of its own: no ping waits for a reply, not even its own.

    A ping that cannot be sent, is refused, or is not answered ends the session: the server counts this client as gone, or is
    about to, and a client that goes on would drive devices that the server stops.
    """

    def __init__(self, connection: Connection, max_ping_time: float) -> None:
        self._connection = connection
        self._interval = max_ping_time / 2
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Send no more pings."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                ping = await self._connection.begin(Ping(self._connection.next_id()))
            except ButtplugConnectorError as error:
                self._fail(f"The server could not be pinged: {error.message}")
                return
            except Exception as error:
                logger.exception("The server could not be pinged")
                self._fail(f"The server could not be pinged: {error!r}")
                return
            ping.answer.add_done_callback(partial(self._check, ping))

    def _check(self, ping: Request, done: asyncio.Future[Answer]) -> None:
        answer = done.result()
        if not isinstance(answer, Ok):
            self._fail(ping.failure(answer).message)

    def _fail(self, reason: str) -> None:
        # It is not open any more where the connection has ended, or the client is about to end it.
        if self._connection.open:
            self._connection.fail(ButtplugPingError(reason))
