"""What a program may give to ``connect()`` of a synchronous client."""

from __future__ import annotations

from buttplug.client.connector import Connector
from buttplug.client.in_process import Server as ServerInLoop
from buttplug.core.errors import ButtplugConnectorError
from buttplug.sync.bridge import Bridge
from buttplug.sync.face.server import Server


def target_for(target: str | Connector | Server, bridge: Bridge) -> str | Connector | ServerInLoop:
    """Return what the asynchronous client is to connect to.

    Raises:
        ButtplugConnectorError: It is a server that runs in another event loop.
    """
    if isinstance(target, Server):
        return target._async
    loop = getattr(target, "loop", bridge.loop)
    if isinstance(target, ServerInLoop) and loop not in (None, bridge.loop):
        raise ButtplugConnectorError(
            f"{target!r} runs in another event loop: use buttplug.sync.Server, or the URL of the server"
        )
    return target
