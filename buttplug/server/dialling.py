"""Connecting to an app that waits for servers: the roles stay as they are, the app is the client and speaks first."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.core.listening.connection import CLOSE_LIMIT
from buttplug.core.listening.library_log import library_logger
from buttplug.core.listening.turns import Turns
from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.core.urls import without_secrets
from buttplug.hardware.common.threads import in_thread
from buttplug.server.connection import DialledConnection
from buttplug.server.conversation import Conversation
from buttplug.server.server import ButtplugServer
from buttplug.server.websocket import connection_options

logger: logging.Logger = logger_of(__name__)

#: Seconds until an app is tried again, at first and at the most; each time it is twice as long, and a little more or less.
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
JITTER = 0.25
#: Seconds that a connection has to last for the next one to be tried as soon as at first.
STEADY = 10.0


class WebsocketDialler:
    """Connects a server to one app, again and again.

    Args:
        server: Gets a session for the app.
        url: Where the app waits, ``ws://…`` or ``wss://…``.
        headers: To be sent with the request, for instance a token.
        tls: For ``wss``, instead of the certificates that the system trusts.
    """

    def __init__(
        self,
        server: ButtplugServer,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._url = url
        self._shown = without_secrets(url)
        self._headers = headers
        self._turns = Turns(lambda: len(server.sessions))
        self._tls = tls
        self._task: asyncio.Task[None] | None = None
        self._is_trying = True
        self._last_text = ""

    def open(self) -> None:
        """Begin to connect, in the background. What becomes of it is told on the log, once for each change."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop_connecting(self) -> None:
        """Connect no more; a connection that is there stays."""
        self._is_trying = False

    async def close(self) -> None:
        """End the connection. Its session is to be ended before."""
        self.stop_connecting()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2 * CLOSE_LIMIT)

    async def _run(self) -> None:
        delay = FIRST_DELAY
        while self._is_trying:
            try:
                connection = await self._connect()
                if connection is not None:
                    self._log_change(logging.INFO, f"connected to {self._shown}")
                    if await self._serve(connection) >= STEADY:
                        delay = FIRST_DELAY
                    self._log_change(logging.INFO, f"the connection to {self._shown} has ended; connecting again")
            except Exception as error:  # noqa: BLE001 it is told, once, and the app is waiting
                self._log_change(logging.ERROR, f"connecting to {self._shown} failed; it is tried again", error)
            await asyncio.sleep(delay * random.uniform(1 - JITTER, 1 + JITTER))
            delay = min(2 * delay, LONGEST_DELAY)

    async def _serve(self, connection: DialledConnection) -> float:
        """Hold a session over a connection; return the seconds that it lasted."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await Conversation(self._server, connection, self._turns).run()
        finally:
            await connection.close()
        return loop.time() - began

    async def _connect(self) -> DialledConnection | None:
        try:
            return await dial(self._url, self._turns, headers=self._headers, tls=self._tls)
        except ButtplugConnectorError as error:
            self._log_change(logging.WARNING, f"{error.message}; it is tried again")
            return None

    def _log_change(self, level: int, text: str, fault: Exception | None = None) -> None:
        """Log a change, and not what has not changed."""
        if text != self._last_text:
            logger.log(level, "%s", text, exc_info=fault)
            self._last_text = text


async def dial(
    url: str, turns: Turns, *, headers: Sequence[tuple[str, str]] = (), tls: ssl.SSLContext | None = None
) -> DialledConnection:
    """Connect to a websocket, which takes turns with others.

    Raises:
        ButtplugConnectorError: It is not possible; the message says why.
    """
    reason = "there is no such host"
    options: dict[str, Any] = {} if tls is None else {"ssl": tls}
    for address in await _addresses(url):
        try:
            connection = await connect(
                url,
                host=address,
                create_connection=cast(type[ClientConnection], partial(DialledConnection, turns=turns)),
                additional_headers=list(headers),
                user_agent_header=None,
                logger=library_logger,
                proxy=None,
                **connection_options(),
                **options,
            )
        except TimeoutError:
            reason = f"no answer within {HANDSHAKE_LIMIT:g} s"
        except InvalidURI as error:
            reason = error.msg
        except Exception as error:  # noqa: BLE001 whatever it is, it is told
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        else:
            assert isinstance(connection, DialledConnection)
            return connection
    raise ButtplugConnectorError(f"{without_secrets(url)} cannot be connected to: {escaped(reason)}")


async def _addresses(url: str) -> list[str]:
    """Return the addresses of a machine; nothing where it has none.

    A thread of the event loop's own would keep the program from ending while it waits for an answer.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    try:
        found = await in_thread(lambda: socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM), HANDSHAKE_LIMIT)
    except (OSError, TimeoutError):
        return []
    return [str(address[0]) for *_, address in found]
