"""What carries messages between a client and a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from buttplug.core.codec import Malformed
from buttplug.core.messages import ClientMessage, ServerMessage

#: Takes each message of the server, in the order they were sent.
OnMessage: TypeAlias = Callable[[ServerMessage | Malformed], None]
#: Takes the reason, once, when the connection ends without :meth:`Connector.disconnect`.
OnLost: TypeAlias = Callable[[str], None]


@runtime_checkable
class Connector(Protocol):
    """A way to one server. After a loss or a disconnect it may be connected again."""

    async def connect(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Open the connection.

        Raises:
            ButtplugConnectorError: It could not be made.
        """

    async def send(self, message: ClientMessage) -> None:
        """Hand a message to the server. Messages arrive in the order of the calls.

        Raises:
            ButtplugConnectorError: The connection is gone.
        """

    async def disconnect(self) -> None:
        """Close the connection; nothing happens when there is none."""
