"""A websocket connection over which a session is held."""

from __future__ import annotations

import asyncio
import logging
import select
import time
from typing import Any, cast

from websockets.asyncio.client import ClientConnection as OpenedConnection

from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.core.listening.connection import (
    MAX_UNREAD,
    SMALL_READ,
    AcceptedConnection,
    BufferedReading,
    WatchedConnection,
)
from buttplug.core.listening.turns import Turns
from buttplug.core.log import logger_of
from buttplug.server.outbox import Outbox

logger: logging.Logger = logger_of(__name__)


class SessionConnection(WatchedConnection):
    """What a connection has that a session is held over, whoever opened it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outbox: Outbox = Outbox(self)
        #: When the peer must have shaken hands as a client, on the event loop's clock; None where it may take its time.
        self.handshake_deadline: float | None = None

    def admitted(self) -> None:
        """Note that the client has shaken hands; a second time changes nothing."""

    def cut_off(self, warning: str) -> None:
        """End the connection at once, and log why."""
        logger.warning("%s", warning)
        self.transport.abort()

    def peer_is_done(self) -> bool:
        """Whether the peer has closed its half or is gone, though nothing is read of it. Not every system can tell."""
        if self.transport.is_closing():
            return True
        if not hasattr(select, "POLLRDHUP"):
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket"), select.POLLRDHUP)
        return bool(poll.poll(0))

    def pause_writing(self) -> None:
        super().pause_writing()
        self.outbox.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.outbox.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.outbox.close()
        super().connection_lost(exc)


class DialledConnection(SessionConnection, OpenedConnection):
    """A connection to an app that this server has connected to. Its user may begin at any time.

    It is read in small pieces, so that an app that floods the server holds up nobody else.
    """

    def __init__(self, *args: Any, turns: Turns, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turns = turns
        self._buffer = memoryview(bytearray(SMALL_READ))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).set_protocol(BufferedReading(self))
        super().connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for the next read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what was read into it."""
        began = time.thread_time()
        self.data_received(bytes(self._buffer[:nbytes]))
        if pause := self._turns.wait(self.id, time.thread_time() - began):
            self._pause_reading_for(pause)
        if self.paused and self.transport.get_write_buffer_size() > MAX_UNREAD:
            self.cut_off(f"an app has left {MAX_UNREAD} bytes unread and is cut off")


class ClientConnection(AcceptedConnection, SessionConnection):
    """A connection of a client, or of a stranger that may become one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.handshake_deadline: float | None = asyncio.get_running_loop().time() + HANDSHAKE_LIMIT

    def cut_off(self, warning: str) -> None:
        """End the connection at once, and log why, rate-limited."""
        self._cut_off(warning)
