"""Clients over websockets: where to listen, and whom to let in."""

from __future__ import annotations

import asyncio
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Self, TypedDict, Unpack, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from buttplug.core.access import Access, beyond_this_machine
from buttplug.core.codec import MAX_FRAME
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.listening.admission import HANDSHAKE_LIMIT, Admission
from buttplug.core.listening.backlog import ACCEPTED_A_TURN
from buttplug.core.listening.connection import CLOSE_LIMIT
from buttplug.core.listening.library_log import library_logger
from buttplug.core.listening.opening import opened
from buttplug.core.listening.turns import Turns
from buttplug.core.log import logger_of
from buttplug.core.recent_warnings import RecentWarnings
from buttplug.server.connection import ClientConnection
from buttplug.server.conversation import Conversation
from buttplug.server.ports import ALL_INTERFACES, LOOPBACK, listen_on, urls_of
from buttplug.server.server import ButtplugServer

logger: logging.Logger = logger_of(__name__)

DEFAULT_PORT = 12345

#: Seconds between two pings, and for each answer.
PING_INTERVAL = 5.0

#: A frame over the limit gets an answer where an id can be read in it; one over this cuts the connection (1009).
CUT_OFF = 2 * MAX_FRAME
#: Frames that are kept of a client before no more is read of it.
QUEUED_FRAMES = 2


class ListenerOptions(TypedDict, total=False):
    """What a :class:`Listener` is made with."""

    hosts: Sequence[str]
    port: int
    allow_origins: Collection[str]
    tls: ssl.SSLContext | None
    token: str | None
    without_token: bool


class Listener(ABC):
    """Accepts websockets of clients, and of nobody else.

    Args:
        hosts: Addresses to listen on, all interfaces where there are none. Of several, those this machine lacks are left out.
        port: 0 for any free one.
        allow_origins: Origins of web pages that may connect, beside those that this machine serves; ``null`` for pages without
            an origin (from files, in sandboxed frames), ``*`` for all.
        tls: For ``wss``.
        token: What every client has to show, in the URL (``?token=…``) or as ``Authorization: Bearer …``.
        without_token: Listen beyond this machine without one, too.
    """

    def __init__(
        self,
        *,
        hosts: Sequence[str] = LOOPBACK,
        port: int = DEFAULT_PORT,
        allow_origins: Collection[str] = (),
        tls: ssl.SSLContext | None = None,
        token: str | None = None,
        without_token: bool = False,
    ) -> None:
        self._hosts = hosts or ALL_INTERFACES
        self._port = port
        self._access = Access(allow_origins=allow_origins, token=token)
        self._tls = tls
        self._token_is_missing = token is None and not without_token and beyond_this_machine(hosts)
        self._listeners: list[Server] = []
        self._connections: set[ClientConnection] = set()
        self._admission = Admission()
        self._turns = Turns(lambda: len(self._connections))
        self._warnings = RecentWarnings(logger)

    @property
    def addresses(self) -> list[str]:
        """Where clients can connect, as URLs."""
        return urls_of("ws" if self._tls is None else "wss", self._listeners)

    async def open(self) -> None:
        """Listen.

        Raises:
            PortInUseError: Something else listens there.
            ButtplugConnectorError: It is not possible for another reason; or clients of other machines could connect without a
                token, and nobody said that they may.
        """
        if self._token_is_missing:
            raise ButtplugConnectorError(
                f"listening on {' and '.join(self._hosts)} lets in everybody in the network: choose a token "
                "(--token-file), or say that none is wanted (--no-token, without_token=True)"
            )
        self._listeners = await listen_on(self._hosts, self._port, self._listen, "--ws-port")
        for warning in self._access.warnings(self._hosts, tls=self._tls is not None):
            logger.warning("%s", warning)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def stop_accepting(self) -> None:
        """Stop listening, and leave those alone who are connected."""
        for listener in self._listeners:
            listener.close(close_connections=False)

    async def close(self) -> None:
        """Stop listening, and close what is still connected."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        closing = [asyncio.ensure_future(listener.wait_closed()) for listener in listeners]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_LIMIT)
        # Who takes nothing, or has not even begun, cannot be told.
        self._admission.drop_all()
        for connection in self._connections:
            connection.transport.abort()

    async def _listen(self, host: str, port: int) -> Server:
        connection = partial(
            ClientConnection, admission=self._admission, turns=self._turns, tls=self._tls, limit=HANDSHAKE_LIMIT
        )
        return await opened(
            serve(
                self._serve,
                host,
                port,
                process_request=self._check,
                **connection_options(),
                server_header=None,
                logger=library_logger,
                create_connection=cast(type[ServerConnection], connection),
                backlog=ACCEPTED_A_TURN,
            )
        )

    async def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" not in request.headers:
            text = "This is a Buttplug server: connect a Buttplug client to it over a websocket.\n"
            return connection.respond(HTTPStatus.UPGRADE_REQUIRED, text)
        refusal = self._access.refusal(request.path, request.headers, local_address=connection.local_address[0])
        if refusal is None:
            return await self.prepare(connection)
        self._warnings.warn(refusal.warning)
        return connection.respond(refusal.status, refusal.answer + "\n")

    async def _serve(self, connection: ServerConnection) -> None:
        assert isinstance(connection, ClientConnection)
        self._connections.add(connection)
        try:
            await self.serve(connection)
        finally:
            self._connections.discard(connection)

    async def prepare(self, connection: ServerConnection) -> Response | None:
        """Do what has to be done before a client gets its answer; return another answer where that is not possible."""
        return None

    @abstractmethod
    async def serve(self, connection: ClientConnection) -> None:
        """Serve a client until its connection has ended."""


class WebsocketListener(Listener):
    """Accepts websocket clients for a server, with a session for each. The options are those of :class:`Listener`."""

    def __init__(self, server: ButtplugServer, **options: Unpack[ListenerOptions]) -> None:
        super().__init__(**options)
        self._server = server
        self._turns = Turns(lambda: len(server.sessions))

    async def serve(self, connection: ClientConnection) -> None:
        await Conversation(self._server, connection, self._turns).run()


def connection_options() -> dict[str, Any]:
    """Return what every websocket with a session is opened with, by either side."""
    return {
        # On one machine compression costs more time than it saves.
        "compression": None,
        "max_size": CUT_OFF,
        "max_queue": QUEUED_FRAMES,
        "open_timeout": HANDSHAKE_LIMIT,
        "close_timeout": CLOSE_LIMIT,
        "ping_interval": PING_INTERVAL,
        "ping_timeout": PING_INTERVAL,
    }
