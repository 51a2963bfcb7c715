"""One connection that makes one request: how many there may be, how long each may take, and how much it may send.

Connections are not kept open for another request: no request waits behind one before it, and least of all a stop. Few are read
in a turn of the event loop, so that a flood of them does not hold up what comes by other ways.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from buttplug.core.listening.admission import HANDSHAKE_LIMIT, MAX_STRANGER_BYTES, MAX_STRANGERS
from buttplug.core.log import logger_of
from buttplug.core.recent_warnings import RecentWarnings

logger: logging.Logger = logger_of(__name__)

#: Connections at a time. Of more, the oldest that have not made their request yet are dropped, then the oldest of all.
MAX_CONNECTIONS = MAX_STRANGERS
#: Connections that are read in one turn of the event loop, and bytes of each.
READ_A_TURN = 2
PIECE = 1024
#: How the request for a stop begins: it goes ahead of others.
STOP = re.compile(rb"(?:POST|PUT) [^ ?]*/stop[/ ?]")
#: Seconds in which a reader has to take something of its answer, and to take the rest when all was sent.
STALL_LIMIT = 5.0
#: Seconds after which one is dropped that has closed its half and sent no whole request.
BEGIN_LIMIT = 0.25

#: Returns the answer to a request that could not be read, given its status and the reason.
Unreadable = Callable[[int, str], web.StreamResponse]


class Connections:
    """All connections of one listener."""

    def __init__(self) -> None:
        self._open: dict[RestConnection, None] = {}
        self._stops_to_read: dict[RestConnection, None] = {}
        self._to_read: dict[RestConnection, None] = {}
        self._left = READ_A_TURN
        self._turn: asyncio.Handle | None = None
        self._warnings = RecentWarnings(logger)

    def arrived(self, connection: RestConnection) -> None:
        """Note a new connection, and drop another one where there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.warn(f"more than {MAX_CONNECTIONS} connections to the REST interface: the oldest are dropped")
            without_request = (other for other in self._open if not other.has_request)
            oldest = next(without_request, next(iter(self._open)))
            self.left(oldest)
            oldest.drop()
        self._open[connection] = None

    def has_turn(self, connection: RestConnection, *, stops: bool) -> bool:
        """Return whether a connection is read now; if not, it is told to go on when it is its turn."""
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._next_turn)
        if self._left and not self._stops_to_read and not self._to_read:
            self._left -= 1
            return True
        (self._stops_to_read if stops else self._to_read)[connection] = None
        return False

    def left(self, connection: RestConnection) -> None:
        """Forget a connection."""
        for connections in (self._open, self._stops_to_read, self._to_read):
            connections.pop(connection, None)

    def warn(self, warning: str) -> None:
        """Log what a stranger did, not each time."""
        self._warnings.warn(warning)

    def _next_turn(self) -> None:
        """Read those that stop and others by turns, first one that stops."""
        self._turn = None
        self._left = READ_A_TURN
        first, second = self._stops_to_read, self._to_read
        while self._left and (waiting := first or second):
            self._left -= 1
            connection = next(iter(waiting))
            del waiting[connection]
            connection.go_on()
            # Among the others may be one that sets a level to 0: a flood of stops must not keep it out.
            first, second = second, first
        if (self._stops_to_read or self._to_read) and self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._next_turn)

    def drop_all(self) -> None:
        """Drop every connection."""
        connections, self._open = self._open, {}
        for connection in connections:
            connection.drop()


class RestConnection(RequestHandler):
    """A connection from its arrival to its end.

    Attributes:
        local_address: The address of this machine that it came to.
        has_request: Whether its request has been read.
        is_half_closed: Whether it will send no more.
        on_lost: Called when it is gone, where its answer is a stream.
    """

    __slots__ = (
        "_allowance",
        "_connections",
        "_held",
        "_is_answered",
        "_limit",
        "_stops",
        "_unreadable",
        "has_request",
        "is_half_closed",
        "local_address",
        "on_lost",
    )

    def __init__(self, manager: web.Server, connections: Connections, unreadable: Unreadable, **options: Any) -> None:
        super().__init__(manager, **options)
        self.local_address: str = ""
        self.has_request: bool = False
        self.is_half_closed: bool = False
        self.on_lost: Callable[[], None] | None = None
        self._connections = connections
        self._unreadable = unreadable
        self._allowance = MAX_STRANGER_BYTES
        #: What came and is not read yet.
        self._held = b""
        #: Whether its request is one for a stop; None until the first of it has come.
        self._stops: bool | None = None
        self._is_answered = False
        self._limit: asyncio.TimerHandle | None = None

    def began(self) -> None:
        """Note that its request has been read: from now on it is waited for."""
        self.has_request = True
        self._drop_after(None)

    def ended(self) -> None:
        """Note that all of its answer is there: it is not waited for much longer."""
        self._is_answered = True
        self._drop_after(STALL_LIMIT)

    def drop(self) -> None:
        """End it at once."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.arrived(self)
        self._drop_after(HANDSHAKE_LIMIT)
        if (address := transport.get_extra_info("sockname")) is None:
            # Some systems do not tell that of a connection that is gone again.
            self.drop()
        else:
            self.local_address = address[0]

    def data_received(self, data: bytes) -> None:
        self._allowance -= len(data)
        if self._allowance < 0:
            self._connections.warn(f"a connection sent a request of more than {MAX_STRANGER_BYTES} bytes and is cut off")
            self.drop()
            return
        if not data:
            super().data_received(data)
            return
        if self._stops is None:
            self._stops = STOP.match(data) is not None
        was_waiting = bool(self._held)
        self._held += data
        if not was_waiting:
            self._read_when_it_is_its_turn()

    def go_on(self) -> None:
        """Read a piece of what came, because it is its turn."""
        piece, self._held = self._held[:PIECE], self._held[PIECE:]
        if self.transport is None or self.transport.is_closing():
            # aiohttp stumbles over a request that it reads right before the end of its connection.
            return
        if self.has_request:
            # What comes behind it is a body, which nobody looks at.
            self._held = b""
        else:
            super().data_received(piece)
        if self._held:
            self._read_when_it_is_its_turn()
        else:
            self.transport.resume_reading()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks, and aiohttp answers nothing
        """Return whether the other half stays open: who has sent all of a request is answered; a stream ends."""
        super().eof_received()
        self.is_half_closed = True
        if self.on_lost is None and not (self.has_request or self._held):
            # What was read may be a request that is not begun with yet.
            self._drop_after(BEGIN_LIMIT)
        return self.on_lost is None

    def _read_when_it_is_its_turn(self) -> None:
        if self._connections.has_turn(self, stops=bool(self._stops)):
            self.go_on()
        elif self.transport is not None:
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._drop_after(STALL_LIMIT)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._drop_after(STALL_LIMIT if self._is_answered else None)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._connections.left(self)
        self._drop_after(None)
        if self.on_lost is not None:
            self.on_lost()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP; what a stranger sends is no fault of the server."""
        if request.writer.output_size:
            raise ConnectionError("an answer has begun, and there cannot be another one")
        return self._unreadable(status, message or "the request cannot be read")

    def _drop_after(self, seconds: float | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.drop)
