"""A repeater: what local clients say is passed on to a server elsewhere, and what that says comes back.

A web page may connect to the machine that it is shown on, and not to a phone. So the repeater listens here, and the server is
on the phone. It looks at nothing that it passes on but for what it has to know to stop the devices of a client that is gone.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Unpack

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Response

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.server.connection import ClientConnection, DialledConnection
from buttplug.server.dialling import dial
from buttplug.server.supervision import log_failure
from buttplug.server.websocket import Listener, ListenerOptions

logger: logging.Logger = logger_of(__name__)

#: The id of the stop that the repeater sends by itself: the last one there is, which no client comes to.
STOP_ID = 0xFFFF_FFFF
#: Seconds that its answer may take.
STOP_LIMIT = 1.7
#: What the handshake of version 4 has, and those before it do not.
VERSION_FIELD = "ProtocolVersionMajor"

#: Codes that end a connection, and are never sent in a closing frame.
_UNSENDABLE = frozenset({1005, 1006, 1015})


class Repeater(Listener):
    """Passes everything on between local clients and a server.

    Args:
        remote: The address of the server.
    """

    def __init__(self, remote: str, **options: Unpack[ListenerOptions]) -> None:
        super().__init__(**options)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._remote = remote
        self._dialled: dict[ServerConnection, DialledConnection] = {}
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_paused = False

    async def open(self) -> None:
        self.loop = asyncio.get_running_loop()
        await super().open()

    def run_to_end(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something that must go on to its end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(log_failure)
        return task

    async def stop_all(self) -> list[str]:
        """Have the server stop the devices; return what is known to have gone wrong, a sentence for each client."""
        failures = await asyncio.gather(*(pair.stop() for pair in self._pairs))
        return [failure for failure in failures if failure is not None]

    async def pause(self, reason: str) -> list[str]:
        """Do the same as :meth:`stop_all`, then end every connection, and accept none until :meth:`resume`."""
        self._is_paused = True
        failures = await asyncio.gather(*(pair.end(reason) for pair in tuple(self._pairs)))
        for failure in failures:
            if failure is not None:
                logger.error("%s", failure)
        return [failure for failure in failures if failure is not None]

    def resume(self) -> None:
        """Accept clients again."""
        self._is_paused = False

    async def prepare(self, connection: ServerConnection) -> Response | None:
        """Connect to the server before the client is answered: it is told at once where that is not possible."""
        if self._is_paused:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "The repeater is ending.\n")
        try:
            remote = await dial(self._remote, self._turns)
        except ButtplugConnectorError as error:
            self._warnings.warn(f"a client was refused: {error.message}")
            return connection.respond(HTTPStatus.BAD_GATEWAY, error.message + "\n")
        self._dialled[connection] = remote
        self.run_to_end(self._end_with(connection, remote))
        return None

    async def _end_with(self, connection: ServerConnection, remote: DialledConnection) -> None:
        """Close the connection to the server when the client's has ended, be it before it was used."""
        await connection.wait_closed()
        if self._dialled.pop(connection, None) is not None:
            await remote.close()

    async def serve(self, connection: ClientConnection) -> None:
        pair = _Pair(connection, self._dialled.pop(connection))
        connection.admitted()
        self._pairs.add(pair)
        try:
            await pair.run()
        finally:
            self._pairs.discard(pair)


class _Pair:
    """A client, and the connection to the server that is its own."""

    def __init__(self, local: ClientConnection, remote: DialledConnection) -> None:
        self._local = local
        self._remote = remote
        self._hello = ""
        self._answer: asyncio.Future[str | None] | None = None
        self._passing_up: asyncio.Task[None] | None = None
        self._reason: str | None = None
        self._ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._label = f"a client at {local.remote_address[0]}"

    async def run(self) -> None:
        """Pass everything on until one side ends; then stop the devices, and end the other side likewise."""
        logger.info("%s is connected to the server", self._label)
        self._passing_up = asyncio.create_task(self._pass_up())
        down = asyncio.create_task(self._pass_down())
        for passing in (self._passing_up, down):
            passing.add_done_callback(log_failure)
        try:
            await asyncio.wait([self._passing_up, down], return_when=asyncio.FIRST_COMPLETED)
            server_is_gone = down.done()
            failure = None if server_is_gone else await self.stop()
            if self._reason is not None:
                await asyncio.gather(*(side.close(CloseCode.GOING_AWAY, self._reason) for side in (self._local, self._remote)))
            elif server_is_gone:
                await _close_as(self._local, self._remote)
            else:
                await _close_as(self._remote, self._local)
            if failure is not None and self._reason is None:
                logger.error("%s", failure)
            self._ended.set_result(failure)
        finally:
            self._passing_up.cancel()
            down.cancel()
            if not self._ended.done():
                self._ended.set_result(f"the connection of {self._label} was given up")
            await asyncio.gather(self._local.close(), self._remote.close())
            logger.info("%s is gone", self._label)

    async def end(self, reason: str) -> str | None:
        """Stop the devices, then end both sides; return what :meth:`stop` does."""
        self._reason = reason
        if self._passing_up is not None:
            self._passing_up.cancel()
        return await asyncio.shield(self._ended)

    async def stop(self) -> str | None:
        """Have the server stop the devices; return a sentence if it did not say that it has."""
        if not self._hello:
            # It has no session, and so drives nothing.
            return None
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
        message = "StopCmd" if VERSION_FIELD in self._hello else "StopAllDevices"
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await self._remote.send(json.dumps([{message: {"Id": STOP_ID}}]))
                error = await asyncio.shield(self._answer)
        except TimeoutError:
            error = f"no answer within {STOP_LIMIT:g} s"
        except ConnectionClosed:
            error = "its connection has ended"
        finally:
            self._answer = None
        return None if error is None else f"the server did not say that it has stopped the devices of {self._label}: {error}"

    async def _pass_up(self) -> None:
        try:
            async for frame in self._local:
                if not self._hello:
                    self._hello = frame if isinstance(frame, str) else "a frame of bytes"
                await self._remote.send(frame)
        except ConnectionClosed:
            pass

    async def _pass_down(self) -> None:
        try:
            async for frame in self._remote:
                if self._answer is None or not self._is_answer(frame):
                    await self._local.send(frame)
        except ConnectionClosed:
            pass

    def _is_answer(self, frame: str | bytes) -> bool:
        """Take note of the answer to the repeater's own stop."""
        if str(STOP_ID) not in str(frame):
            return False
        try:
            ((name, fields),) = json.loads(frame)[0].items()
            is_answer: bool = fields["Id"] == STOP_ID
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return False
        if is_answer and self._answer is not None and not self._answer.done():
            self._answer.set_result(None if name == "Ok" else escaped(str(fields.get("ErrorMessage", name))))
        return is_answer


async def _close_as(connection: Connection, ended: Connection) -> None:
    """End a connection as another one has ended."""
    code = ended.close_code
    if code is None or code in _UNSENDABLE:
        await connection.close(CloseCode.GOING_AWAY, "the other side is gone")
    else:
        await connection.close(code, ended.close_reason or "")
