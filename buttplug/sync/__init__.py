"""The client and the server without ``await``, for scripts, the interactive prompt, notebooks and games.

::

    from buttplug.sync import Client

    with Client("My script") as client:
        client.connect("ws://127.0.0.1:12345")
        for device in client.scan(5):
            device.vibrate(0.5)

The classes are made from the asynchronous ones (:mod:`buttplug.client`, :mod:`buttplug.server`): methods, parameters and
errors are the same, and each call waits until it is done. They may be used in any thread, and beside a running event loop:
what they do runs in an event loop in a thread of its own. Callbacks are called in a thread too, and may use the client.
Iterators over events and readings wait, and :meth:`Iteration.poll` does not.

Ctrl-C during a call stops the devices, then it raises :class:`KeyboardInterrupt` as everywhere. To leave the ``with``, by
whatever error, and the end of the program stop what the client drove.
"""

from __future__ import annotations

from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.connector import Connector
from buttplug.client.events import (
    ErrorReceived,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
)
from buttplug.client.websocket import WebsocketConnector
from buttplug.core.enums import ErrorCode, InputCommandType, InputType, OutputType
from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
    DeviceErrorReason,
)
from buttplug.sync.face.client import Client
from buttplug.sync.face.device import Device, Feature, Reading
from buttplug.sync.face.funscript import FunscriptPlayer
from buttplug.sync.face.server import Server
from buttplug.sync.iteration import Iteration
from buttplug.sync.signals import stop_on_signals
from buttplug.sync.translation import ButtplugDeviceError, ClientEvent, DeviceAdded, DeviceRemoved

#: The names of the asynchronous classes, for programs that change from one to the other.
ButtplugClient = Client
ButtplugDevice = Device
DeviceFeature = Feature
ButtplugServer = Server

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
    "Client",
    "ClientEvent",
    "CommandValue",
    "Connector",
    "Device",
    "DeviceAdded",
    "DeviceErrorReason",
    "DeviceFeature",
    "DeviceOutputCommand",
    "DeviceRemoved",
    "ErrorCode",
    "ErrorReceived",
    "Feature",
    "FunscriptPlayer",
    "InputCommandType",
    "InputType",
    "Iteration",
    "OutputType",
    "Reading",
    "ReconnectFailed",
    "ScanningFinished",
    "Server",
    "ServerDisconnected",
    "ServerReconnected",
    "WebsocketConnector",
    "stop_on_signals",
]
