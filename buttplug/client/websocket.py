"""The connector to a server elsewhere: a websocket, one JSON text frame per message."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from buttplug.client.connector import OnLost, OnMessage
from buttplug.core.codec import MAX_FRAME, decode_server_frame, encode
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.log import logger_of
from buttplug.core.messages import ClientMessage
from buttplug.core.urls import without_secrets

logger: logging.Logger = logger_of(__name__)

#: Seconds between the websocket's own pings, and seconds a server may take to answer one before it counts as gone.
KEEPALIVE = 10.0
#: Seconds that the closing handshake may take.
CLOSE_LIMIT = 2.0


class WebsocketConnector:
    """Connects to ``url``, which is ``ws://host:port`` or ``wss://host:port``.

    ``ssl_context`` decides which certificates are trusted, where those of the system are not the ones.
    """

    def __init__(self, url: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.url: str = url
        self.ssl_context: ssl.SSLContext | None = ssl_context
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
            advice = _advice(self.url, error)
            # The text of InvalidURI has the whole URL in it, and so perhaps a token.
            reason = error.msg if isinstance(error, InvalidURI) else str(error) or type(error).__name__
            raise ButtplugConnectorError(
                f"Failed to connect to {without_secrets(self.url)}: {reason}" + (f". {advice}" if advice else "")
            ) from error
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
            raise ButtplugConnectorError(f"The connection to {without_secrets(self.url)} is gone: {error}") from error

    async def disconnect(self) -> None:
        """Close the websocket."""
        # While this waits, a new connection may be made.
        websocket, reader = self._socket, self._reader
        if websocket is None or reader is None:
            return
        try:
            await websocket.close()
        finally:
            # When this is cancelled the server must notice all the same: it stops the devices of a client that is gone.
            websocket.transport.abort()
            reader.cancel()

    async def _read(self, websocket: ClientConnection, on_message: OnMessage, on_lost: OnLost) -> None:
        try:
            while True:
                for message in decode_server_frame(await websocket.recv(decode=False)):
                    on_message(message)
        except ConnectionClosed as error:
            on_lost(str(error))
        except Exception as error:
            # Whatever it is, nobody must rely on a connection that is no longer read.
            logger.exception("Reading from %s failed", without_secrets(self.url))
            await websocket.close()
            on_lost(f"reading failed: {error}")


def _advice(url: str, error: Exception) -> str:
    """Return what to do about a connection that could not be made; empty where the error says it all."""
    scheme, separator, rest = url.rpartition("://")
    if url and (not separator or scheme.lower() in ("http", "https")):
        meant = without_secrets(f"ws{'s' if scheme.lower() == 'https' else ''}://{rest}")
        return f"A URL begins with ws:// or wss://; did you mean {meant}?"
    match error:
        case InvalidURI():
            return "A URL looks like ws://127.0.0.1:12345"
        case ssl.SSLCertVerificationError():
            return "To trust a certificate of your own, connect by WebsocketConnector(url, ssl_context=...)"
        case ssl.SSLError() | ConnectionResetError() if url.lower().startswith("wss:"):
            return "Does the server speak TLS? If not, the URL begins with ws://"
        case InvalidStatus():
            return "Something answers there, but does not let this client in, or is no Buttplug server"
        case InvalidHandshake():
            return "Something answers there, but it is no Buttplug server, or one that speaks TLS (wss://)"
        case socket.gaierror():
            return "Is the name of the computer spelt right?"
        case TimeoutError():
            return "Is the address right, and does no firewall block it?"
        case OSError():
            return "Is a Buttplug server running there, and is the port right? One is started by: python -m buttplug.server"
    return ""
