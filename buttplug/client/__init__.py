"""The client: programs talk to devices through it, over a websocket or with a server in the same process."""

from __future__ import annotations

from buttplug.client.client import ButtplugClient
from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.connector import Connector
from buttplug.client.device import ButtplugDevice, DeviceFeature, Reading
from buttplug.client.devices import Devices
from buttplug.client.events import (
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorReceived,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
)
from buttplug.client.in_process import InProcessConnector
from buttplug.client.websocket import WebsocketConnector

__all__ = [
    "ButtplugClient",
    "ButtplugDevice",
    "ClientEvent",
    "CommandValue",
    "Connector",
    "DeviceAdded",
    "DeviceFeature",
    "DeviceOutputCommand",
    "DeviceRemoved",
    "Devices",
    "ErrorReceived",
    "InProcessConnector",
    "Reading",
    "ReconnectFailed",
    "ScanningFinished",
    "ServerDisconnected",
    "ServerReconnected",
    "WebsocketConnector",
]
