"""The pings that keep a server from stopping a client's devices."""

from __future__ import annotations

import asyncio
from functools import partial

from buttplug.client.connection import Answer, Connection, Request
from buttplug.core.errors import ButtplugConnectorError, ButtplugPingError
from buttplug.core.messages import Error, Ok, Ping


class Pinger:
    """Pings twice in every ``max_ping_time`` seconds, in a task of its own: no ping waits for a reply, not even its own.

    A ping that fails is reported. When the server answered it with an error, no more are sent.
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
            except ButtplugConnectorError:
                return  # The connection tells of its end itself.
            ping.answer.add_done_callback(partial(self._check, ping))

    def _check(self, ping: Request, done: asyncio.Future[Answer]) -> None:
        answer = done.result()
        if isinstance(answer, Ok) or not self._connection.open:
            return
        if isinstance(answer, Error):
            self.stop()
        self._connection.report(ButtplugPingError(ping.failure(answer).message))
