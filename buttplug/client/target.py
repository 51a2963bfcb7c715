"""What a program may give to ``connect()``."""

from __future__ import annotations

from buttplug.client.connector import Connector
from buttplug.client.in_process import InProcessConnector, Server
from buttplug.client.websocket import WebsocketConnector
from buttplug.core.errors import ButtplugConnectorError


def connector_for(target: object) -> Connector:
    """Return the connector for the URL of a server, a server in this process, or a connector.

    Raises:
        ButtplugConnectorError: It is nothing of that.
    """
    if isinstance(target, str):
        return WebsocketConnector(target)
    # A class has the methods of its instances too.
    if not isinstance(target, type):
        if isinstance(target, Server):
            return InProcessConnector(target)
        if isinstance(target, Connector):
            return target
    if type(target).__module__.startswith("buttplug.sync."):
        raise ButtplugConnectorError(
            f"Cannot connect to {target!r}, which is made without await: use buttplug.sync.Client, or here a ButtplugServer"
        )
    raise ButtplugConnectorError(
        f"Cannot connect to {target!r}: connect() takes the URL of a server, such as ws://127.0.0.1:12345, a ButtplugServer "
        "that runs in this process, or a connector"
    )
