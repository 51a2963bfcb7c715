"""The connector to a server in this process: messages are handed over as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from buttplug.client.connector import OnLost, OnMessage
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import ClientMessage, ServerMessage


class Session(Protocol):
    """A server's side of one client."""

    def receive(self, message: ClientMessage, /) -> None:
        """Take a message; it is answered exactly once."""

    async def close(self, reason: str, /) -> None:
        """Stop the devices this client drove, and end."""


@runtime_checkable
class Server(Protocol):
    """A server that runs on this event loop."""

    def open_session(self, send: Callable[[ServerMessage], None], closed: Callable[[object, str], None], /) -> Session:
        """Begin a session. ``closed`` gets a code and the reason when the server ends it."""


class InProcessConnector:
    """Connects to a :class:`~buttplug.server.server.ButtplugServer` that runs on the same event loop."""

    def __init__(self, server: Server) -> None:
        self.server: Server = server
        self._session: Session | None = None

    async def connect(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Open a session.

        Raises:
            ButtplugConnectorError: The server does not take it, or runs in another event loop.
        """
        loop = getattr(self.server, "loop", None)
        if loop not in (None, asyncio.get_running_loop()):
            raise ButtplugConnectorError(
                f"{self.server!r} runs in another event loop: connect in that one, or to the URL of a listener of the server"
            )
        try:
            self._session = self.server.open_session(on_message, lambda code, reason: on_lost(reason))
        except ButtplugConnectorError as error:
            text = f"{error.message}: `async with` opens it (in buttplug.sync `with`), and its end closes it"
            raise ButtplugConnectorError(text) from error

    async def send(self, message: ClientMessage) -> None:
        """Hand a message to the server.

        Raises:
            ButtplugConnectorError: There is no session.
        """
        if self._session is None:
            raise ButtplugConnectorError("Not connected")
        self._session.receive(message)

    async def disconnect(self) -> None:
        """End the session, which stops the devices it drove."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close("the client disconnected")
