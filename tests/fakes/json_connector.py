"""A connector to a server in the same process that encodes and decodes as a websocket does, without one."""

from __future__ import annotations

from buttplug.client.connector import OnLost, OnMessage
from buttplug.client.in_process import InProcessConnector
from buttplug.core.codec import Malformed, decode_server_frame, encode
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import ClientMessage, ServerMessage


class JsonConnector(InProcessConnector):
    """Hands over messages as the frames that a websocket would carry."""

    async def connect(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Open a session."""

        def receive(message: ServerMessage | Malformed) -> None:
            assert isinstance(message, ServerMessage)
            for decoded in decode_server_frame(encode(message)):
                on_message(decoded)

        await super().connect(receive, on_lost)

    async def send(self, message: ClientMessage) -> None:
        """Encode a message, and hand over what can be decoded from that."""
        for decoded in decode_client_frame(encode(message)):
            assert isinstance(decoded, ClientMessage)
            await super().send(decoded)
