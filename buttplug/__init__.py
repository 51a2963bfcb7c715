"""Buttplug in Python: a server for intimate hardware, and a client for programs that use it.

The client::

    from buttplug import ButtplugClient

    async with ButtplugClient("My player") as client:
        await client.connect("ws://127.0.0.1:12345")
        await client.start_scanning()
        ...
        for device in client.devices.values():
            await device.vibrate(0.5)

:class:`ButtplugServer` is here too. What is not asked for is not imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from buttplug.core.enums import ErrorCode, InputCommandType, InputType, OutputType
from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
)
from buttplug.core.version import __version__

if TYPE_CHECKING:
    from buttplug.client import (
        ButtplugClient,
        ButtplugDevice,
        ClientEvent,
        CommandValue,
        Connector,
        DeviceAdded,
        DeviceFeature,
        DeviceOutputCommand,
        DeviceRemoved,
        ErrorReceived,
        InProcessConnector,
        Reading,
        ScanningFinished,
        ServerDisconnected,
        WebsocketConnector,
    )
    from buttplug.server import ButtplugServer

__all__ = [
    "ButtplugClient",
    "ButtplugConnectorError",
    "ButtplugDevice",
    "ButtplugDeviceError",
    "ButtplugError",
    "ButtplugHandshakeError",
    "ButtplugMessageError",
    "ButtplugPingError",
    "ButtplugServer",
    "ButtplugUnknownError",
    "ClientEvent",
    "CommandValue",
    "Connector",
    "DeviceAdded",
    "DeviceFeature",
    "DeviceOutputCommand",
    "DeviceRemoved",
    "ErrorCode",
    "ErrorReceived",
    "InProcessConnector",
    "InputCommandType",
    "InputType",
    "OutputType",
    "Reading",
    "ScanningFinished",
    "ServerDisconnected",
    "WebsocketConnector",
    "__version__",
]


def __getattr__(name: str) -> object:
    # A server does without the client, and a client without the server.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = import_module("buttplug.server" if name == "ButtplugServer" else "buttplug.client")
    value = globals()[name] = getattr(package, name)
    return value
