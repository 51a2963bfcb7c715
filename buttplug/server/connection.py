"""A websocket connection over which a session is held."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from websockets.asyncio.client import ClientConnection as OpenedConnection

from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.core.listening.connection import AcceptedConnection, WatchedConnection
from buttplug.server.outbox import Outbox


class SessionConnection(WatchedConnection):
    """What a connection has that a session is held over, whoever opened it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outbox: Outbox = Outbox(self)
        #: When the peer must have shaken hands as a client, on the event loop's clock; None where it may take its time.
        self.handshake_deadline: float | None = None

    def admitted(self) -> None:
        """Note that the client has shaken hands; a second time changes nothing."""

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
    """A connection to an app that this server has connected to. Its user may begin at any time."""


class ClientConnection(AcceptedConnection, SessionConnection):
    """A connection of a client, or of a stranger that may become one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.handshake_deadline: float | None = asyncio.get_running_loop().time() + HANDSHAKE_LIMIT
