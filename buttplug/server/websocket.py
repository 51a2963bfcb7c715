"""Clients over websockets: one connection, one session."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections import deque
from collections.abc import Collection, Sequence
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from buttplug.core.codec import MAX_FRAME, Malformed, decode_client_frame, encode
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import InputReading, ServerMessage
from buttplug.core.origins import may_connect
from buttplug.server.server import ButtplugServer
from buttplug.server.session import CloseCode, Session

logger = logging.getLogger(__name__)

DEFAULT_PORT = 12345
LOOPBACK = ("127.0.0.1", "::1")
ALL_INTERFACES = ("0.0.0.0", "::")
#: Tries to find a port that is free on every address, where any will do.
PORT_TRIES = 5

#: Seconds a peer has for its opening hand-shake, for its closing one, and between two pings and for each answer.
OPEN_LIMIT = 10.0
CLOSE_LIMIT = 0.25
PING_INTERVAL = 5.0
#: Seconds in which a client has to take something of what is sent to it. Pings do not tell: they wait behind it.
STALL_LIMIT = 5.0

#: A frame over the limit gets an answer where an id can be read in it; one over this cuts the connection (1009).
CUT_OFF = 4 * MAX_FRAME

#: Frames of one client that are handled before the devices and the other clients have their turn.
FRAMES_A_TURN = 16

#: Messages that wait for a client that reads slowly. From the first number on its readings are dropped, the oldest first; from
#: the second on nothing more is read from it until it has caught up.
READINGS_LIMIT = 256
BACKLOG_LIMIT = 1024

TOO_MANY_CLIENTS = 1013
#: Bytes that the reason in a closing frame may have.
REASON_LIMIT = 123


class PortInUseError(ButtplugConnectorError):
    """Something else listens there already."""


class WebsocketListener:
    """Accepts websocket clients for a server.

    Args:
        server: Gets a session for each client.
        hosts: Addresses to listen on, all interfaces where there are none. Of several, those this machine lacks are left out.
        port: 0 for any free one.
        allow_origins: Origins of web pages that may connect, beside those of this machine; ``*`` for all.
        tls: For ``wss``.
    """

    def __init__(
        self,
        server: ButtplugServer,
        *,
        hosts: Sequence[str] = LOOPBACK,
        port: int = DEFAULT_PORT,
        allow_origins: Collection[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._hosts = hosts or ALL_INTERFACES
        self._port = port
        self._allow_origins = frozenset(allow_origins)
        self._tls = tls
        self._listeners: list[Server] = []
        self._connections: set[ServerConnection] = set()
        self._refused: set[str] = set()

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
            ButtplugConnectorError: It is not possible for another reason.
        """
        for _ in range(1 if self._port else PORT_TRIES):
            failures = await self._listen_everywhere()
            taken = any(error.errno == errno.EADDRINUSE for error in failures)
            if self._listeners and not taken:
                return
            await self.close()
        if taken:
            raise PortInUseError(f"port {self._port} is in use by another program; choose another one with --ws-port")
        reason = failures[0].strerror or failures[0]
        raise ButtplugConnectorError(f"cannot listen on {' and '.join(self._hosts)}, port {self._port}: {reason}")

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
        return await serve(
            self._serve,
            host,
            port,
            ssl=self._tls,
            process_request=self._check,
            # On one machine compression costs more time than it saves.
            compression=None,
            max_size=CUT_OFF,
            open_timeout=OPEN_LIMIT,
            close_timeout=CLOSE_LIMIT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_INTERVAL,
            server_header=None,
        )

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" not in request.headers:
            text = "This is a Buttplug server: connect a Buttplug client to it over a websocket.\n"
            return connection.respond(HTTPStatus.UPGRADE_REQUIRED, text)
        origin = request.headers.get("Origin")
        if may_connect(origin, self._allow_origins):
            return None
        remedy = f"the page at {origin} is not allowed to connect; to allow it, start the server with --allow-origin {origin}"
        if origin not in self._refused:
            logger.warning("%s", remedy)
            self._refused.add(str(origin))
        return connection.respond(HTTPStatus.FORBIDDEN, remedy + "\n")

    async def _serve(self, connection: ServerConnection) -> None:
        outbox = _Outbox(connection)
        try:
            session = self._server.open_session(outbox.send, outbox.close)
        except ButtplugConnectorError as error:
            logger.warning("a client was refused: %s", error)
            code = TOO_MANY_CLIENTS if self._server.is_open else CloseCode.SHUTDOWN.value
            await connection.close(code, _short(error.message))
            return
        self._connections.add(connection)
        writer = asyncio.create_task(outbox.write())
        try:
            await self._receive(connection, session, outbox)
        except ConnectionClosed as end:
            logger.debug("%s: %s", session.label, end)
        except Exception:
            logger.exception("%s: its connection is given up", session.label)
            await session.close("the server failed")
            await connection.close(CloseCode.INTERNAL_ERROR.value, "the server failed")
        finally:
            self._connections.discard(connection)
            try:
                await session.close("its connection is gone")
            finally:
                writer.cancel()

    async def _receive(self, connection: ServerConnection, session: Session, outbox: _Outbox) -> None:
        left = FRAMES_A_TURN
        async for frame in connection:
            if not left:
                left = FRAMES_A_TURN
                await asyncio.sleep(0)
            left -= 1
            if isinstance(frame, bytes):
                session.receive(Malformed("binary frames are not understood, send text"))
            elif frame and not frame.isspace():
                for message in decode_client_frame(frame):
                    session.receive(message)
            if outbox.full:
                await outbox.caught_up()


class _Outbox:
    """What is to be sent to one client, in order, one message per frame."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._messages: deque[ServerMessage] = deque()
        self._end: tuple[int, str] | None = None
        self._more = asyncio.Event()
        self._emptied = asyncio.Event()
        self._sent = 0
        self._sending = False
        self._over = False
        self._watch: asyncio.TimerHandle | None = None

    @property
    def full(self) -> bool:
        return len(self._messages) > BACKLOG_LIMIT

    async def caught_up(self) -> None:
        self._emptied.clear()
        await self._emptied.wait()

    def send(self, message: ServerMessage) -> None:
        if self._over:
            return
        if isinstance(message, InputReading) and not message.id and len(self._messages) >= READINGS_LIMIT:
            self._drop_oldest_reading()
        self._messages.append(message)
        self._more.set()

    def close(self, code: CloseCode, reason: str) -> None:
        self._end = (code.value, _short(reason))
        self._more.set()

    async def write(self) -> None:
        try:
            self._look(None)
            while True:
                self._sending = True
                while self._messages:
                    await self._connection.send(encode(self._messages.popleft()), text=True)
                    self._sent += 1
                self._sending = False
                self._emptied.set()
                if self._end is not None:
                    await self._connection.close(*self._end)
                    return
                self._more.clear()
                await self._more.wait()
        except ConnectionClosed:
            pass
        except Exception:
            # What is told of a client that cannot be told anything more: its session ends with the connection.
            logger.exception("a message could not be sent; the connection is given up")
            self._connection.transport.abort()
        finally:
            if self._watch is not None:
                self._watch.cancel()
            self._over = True
            self._messages.clear()
            self._emptied.set()

    def _look(self, before: int | None) -> None:
        """Cut the connection when the message that was being sent at the last look still is: the client reads nothing."""
        now = self._sent if self._sending else None
        if now is not None and now == before:
            logger.warning("a client has read nothing for %g s and is cut off", STALL_LIMIT)
            self._connection.transport.abort()
        else:
            self._watch = asyncio.get_running_loop().call_later(STALL_LIMIT, self._look, now)

    def _drop_oldest_reading(self) -> None:
        for position, message in enumerate(self._messages):
            if isinstance(message, InputReading) and not message.id:
                del self._messages[position]
                return


def _short(reason: str) -> str:
    """Return as much of a reason as fits into a closing frame."""
    return reason.encode()[:REASON_LIMIT].decode(errors="ignore")
