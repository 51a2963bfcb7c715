"""Buttplug in Python: a server for intimate hardware, and a client for programs that use it.

The client::

    from buttplug import ButtplugClient

    async with ButtplugClient("My player") as client:
        await client.connect("ws://127.0.0.1:12345")
        for device in await client.scan(5):
            await device.vibrate(0.5)

:class:`ButtplugServer` is here too. What is not asked for is not imported. ``python -m buttplug.docs`` has the guide.
"""

from __future__ import annotations

__distribution__ = "buttplug-server"  # before all imports: what is imported looks for it

import warnings
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
    DeviceErrorReason,
)
from buttplug.core.installation import installation_problem
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
        Devices,
        ErrorReceived,
        InProcessConnector,
        Reading,
        ReconnectFailed,
        ScanningFinished,
        ServerDisconnected,
        ServerReconnected,
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
    "DeviceErrorReason",
    "DeviceFeature",
    "DeviceOutputCommand",
    "DeviceRemoved",
    "Devices",
    "ErrorCode",
    "ErrorReceived",
    "InProcessConnector",
    "InputCommandType",
    "InputType",
    "OutputType",
    "Reading",
    "ReconnectFailed",
    "ScanningFinished",
    "ServerDisconnected",
    "ServerReconnected",
    "WebsocketConnector",
    "__version__",
]


if not TYPE_CHECKING:  # A type checker that sees this takes every name for one that exists.

    def __getattr__(name: str) -> object:
        # A server does without the client, and a client without the server.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        package = import_module("buttplug.server" if name == "ButtplugServer" else "buttplug.client")
        value = globals()[name] = getattr(package, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_problem = installation_problem()
if _problem is not None:
    warnings.warn(_problem, RuntimeWarning, stacklevel=2)
