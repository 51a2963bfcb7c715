"""The connector to a server elsewhere: a websocket, one JSON text frame per message."""

from __future__ import annotations

import asyncio
import logging
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from buttplug.client.connector import OnLost, OnMessage
from buttplug.core.codec import MAX_FRAME, decode_server_frame, encode
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import ClientMessage

logger = logging.getLogger(__name__)

#: Seconds between the websocket's own pings, and seconds a server may take to answer one before it counts as gone.
KEEPALIVE = 10.0
#: Seconds that the closing handshake may take.
CLOSE_LIMIT = 2.0


class WebsocketConnector:
    """Connects to ``url``, which is ``ws://host:port`` or ``wss://host:port``.

    ``ssl_context`` decides which certificates are trusted, where those of the system are not the ones.
    """

    def __init__(self, url: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.url = url
        self.ssl_context = ssl_context
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Open the websocket.

        Raises:
            ButtplugConnectorError: The URL is wrong, nobody listens there, or who listens refuses.
        """
        try:
            self._socket = await connect(
                self.url,
                ssl=(self.ssl_context or True) if self.url.lower().startswith("wss:") else None,
                compression=None,
                max_size=MAX_FRAME,
                proxy=None,
                ping_interval=KEEPALIVE,
                ping_timeout=KEEPALIVE,
                close_timeout=CLOSE_LIMIT,
            )
        except (OSError, TimeoutError, ValueError, WebSocketException) as error:
            raise ButtplugConnectorError(f"Failed to connect to {self.url}: {error or type(error).__name__}") from error
        self._reader = asyncio.get_running_loop().create_task(self._read(self._socket, on_message, on_lost))

    async def send(self, message: ClientMessage) -> None:
        """Send a message.

        Raises:
            ButtplugConnectorError: The connection is gone.
        """
        if self._socket is None:
            raise ButtplugConnectorError("Not connected")
        try:
            await self._socket.send(encode(message), text=True)
        except ConnectionClosed as error:
            raise ButtplugConnectorError(f"The connection to {self.url} is gone: {error}") from error

    async def disconnect(self) -> None:
        """Close the websocket."""
        if self._socket is None or self._reader is None:
            return
        try:
            await self._socket.close()
        finally:
            # When this is cancelled the server must notice all the same: it stops the devices of a client that is gone.
            self._socket.transport.abort()
            self._reader.cancel()

    async def _read(self, socket: ClientConnection, on_message: OnMessage, on_lost: OnLost) -> None:
        try:
            while True:
                for message in decode_server_frame(await socket.recv(decode=False)):
                    on_message(message)
        except ConnectionClosed as error:
            on_lost(str(error))
        except Exception as error:
            # Whatever it is, nobody must rely on a connection that is no longer read.
            logger.exception("Reading from %s failed", self.url)
            await socket.close()
            on_lost(f"reading failed: {error}")
