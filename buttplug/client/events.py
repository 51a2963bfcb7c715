"""What a client tells its program by itself."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from buttplug.client.device import ButtplugDevice
from buttplug.core.errors import ButtplugError


class DeviceAdded(Struct, frozen=True):
    """A device was connected."""

    device: ButtplugDevice


class DeviceRemoved(Struct, frozen=True):
    """A device is gone: switched off, out of range, or lost with the connection to the server."""

    device: ButtplugDevice


class ScanningFinished(Struct, frozen=True):
    """The scan has ended."""


class ServerDisconnected(Struct, frozen=True):
    """The session with the server ended, and not because the client closed it."""

    reason: str


class ReconnectFailed(Struct, frozen=True):
    """An attempt to come back to the server failed; the next one is made after a pause of ``retry_in`` seconds."""

    error: ButtplugError
    retry_in: float


class ServerReconnected(Struct, frozen=True):
    """There is a session again. The devices that are there follow, each as :class:`DeviceAdded`; none of them moves."""

    server_name: str


class ErrorReceived(Struct, frozen=True):
    """Something went wrong that no call could raise."""

    error: Exception


ClientEvent: TypeAlias = (
    DeviceAdded | DeviceRemoved | ScanningFinished | ServerDisconnected | ReconnectFailed | ServerReconnected | ErrorReceived
)
