"""The client: programs talk to devices through it, over a websocket or with a server in the same process."""

from __future__ import annotations

from buttplug.client.client import ButtplugClient
from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.connector import Connector
from buttplug.client.device import ButtplugDevice
from buttplug.client.events import (
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorReceived,
    ScanningFinished,
    ServerDisconnected,
)
from buttplug.client.feature import DeviceFeature
from buttplug.client.in_process import InProcessConnector
from buttplug.client.subscription import Reading
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
    "ErrorReceived",
    "InProcessConnector",
    "Reading",
    "ScanningFinished",
    "ServerDisconnected",
    "WebsocketConnector",
]
