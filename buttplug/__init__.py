"""Buttplug in Python: a server for intimate hardware, and a client for programs that use it.

The client::

    from buttplug import ButtplugClient

    async with ButtplugClient("My player") as client:
        await client.connect("ws://127.0.0.1:12345")
        await client.start_scanning()
        ...
        for device in client.devices.values():
            await device.vibrate(0.5)

:class:`ButtplugServer` is here too, and is imported only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    if name == "ButtplugServer":
        from buttplug.server import ButtplugServer

        return ButtplugServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
