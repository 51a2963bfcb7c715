"""Clients over websockets: where to listen, and whom to let in."""

from __future__ import annotations

import asyncio
import errno
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
from buttplug.core.listening.connection import CLOSE_LIMIT
from buttplug.core.listening.library_log import library_logger
from buttplug.core.listening.turns import Turns
from buttplug.core.recent_warnings import RecentWarnings
from buttplug.server.connection import ClientConnection
from buttplug.server.conversation import Conversation
from buttplug.server.server import ButtplugServer

logger: logging.Logger = logging.getLogger(__name__)

DEFAULT_PORT = 12345
LOOPBACK = ("127.0.0.1", "::1")
ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104 with a token, or where the user said that none is wanted
#: Tries to find a port that is free on every address, where any will do.
PORT_TRIES = 5

#: Seconds between two pings, and for each answer.
PING_INTERVAL = 5.0

#: A frame over the limit gets an answer where an id can be read in it; one over this cuts the connection (1009).
CUT_OFF = 2 * MAX_FRAME
#: Frames that are kept of a client before no more is read of it.
QUEUED_FRAMES = 2
#: Connections that are accepted in one turn of the event loop, and those that the system keeps until then.
ACCEPTED_A_TURN = 8
KEPT_BY_SYSTEM = 100


class ListenerOptions(TypedDict, total=False):
    """What a :class:`Listener` is made with."""

    hosts: Sequence[str]
    port: int
    allow_origins: Collection[str]
    tls: ssl.SSLContext | None
    token: str | None
    without_token: bool


class PortInUseError(ButtplugConnectorError):
    """Something else listens on ``port`` already."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is in use by another program; choose another one with --ws-port (in Python: port=…), 0 for any free"
        )
        self.port = port


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
        scheme = "ws" if self._tls is None else "wss"
        names = [socket.getsockname() for listener in self._listeners for socket in listener.sockets]
        return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host, port, *_ in names]

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
        for _ in range(1 if self._port else PORT_TRIES):
            failures = await self._listen_everywhere()
            taken = any(error.errno == errno.EADDRINUSE for error in failures)
            if self._listeners and not taken:
                for warning in self._access.warnings(self._hosts, tls=self._tls is not None):
                    logger.warning("%s", warning)
                return
            await self.close()
        if taken:
            raise PortInUseError(self._port)
        reason = failures[0].strerror or failures[0]
        raise ButtplugConnectorError(f"cannot listen on {' and '.join(self._hosts)}, port {self._port}: {reason}")

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
        if closing and (await asyncio.wait(closing, timeout=CLOSE_LIMIT))[1]:
            # Who takes nothing cannot be told either.
            self._admission.drop_all()
            for connection in self._connections:
                connection.transport.abort()

    async def _listen_everywhere(self) -> list[OSError]:
        """Listen on every address; return what was in the way."""
        failures: list[OSError] = []
        port = self._port
        for host in self._hosts:
            try:
                listener = await self._listen(host, port)
            except OSError as error:
                failures.append(error)
                continue
            self._listeners.append(listener)
            # Of any free port the first address chooses one for all.
            port = next(iter(listener.sockets)).getsockname()[1]
        return failures

    async def _listen(self, host: str, port: int) -> Server:
        connection = partial(ClientConnection, admission=self._admission, turns=self._turns)
        options: dict[str, Any] = {} if self._tls is None else {"ssl_handshake_timeout": HANDSHAKE_LIMIT}
        listener = await serve(
            self._serve,
            host,
            port,
            ssl=self._tls,
            process_request=self._check,
            **connection_options(),
            server_header=None,
            logger=library_logger,
            create_connection=cast(type[ServerConnection], connection),
            # To asyncio it is both: those that the system keeps, and those that are accepted in one turn.
            backlog=ACCEPTED_A_TURN,
            **options,
        )
        for listening in listener.sockets:
            with listening.dup() as same:
                same.listen(KEPT_BY_SYSTEM)
        return listener

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
