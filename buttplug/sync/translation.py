"""From what the asynchronous classes give to what the synchronous face has in its place: events, readings and errors."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from buttplug.client import device, events
from buttplug.client.device import ButtplugDevice, DeviceFeature
from buttplug.client.events import (
    ErrorReceived,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
)
from buttplug.core import errors
from buttplug.sync.bridge import Bridge
from buttplug.sync.face.device import Device, Feature, Reading


class DeviceAdded(Struct, frozen=True):
    """A device was connected."""

    device: Device


class DeviceRemoved(Struct, frozen=True):
    """A device is gone: switched off, out of range, or lost with the connection to the server."""

    device: Device


class ButtplugDeviceError(errors.ButtplugDeviceError):
    """A device is gone, cannot do what was asked, or failed to do it.

    Attributes:
        reason: Why, for programs to match on.
        device: The device, where there is one.
        feature: Its feature, where the error is about one.
        errors: The error of each feature, where several failed at once; then the other attributes are those of the first.
    """

    # A device of the synchronous face, whose methods are not awaited.
    device: Device | None  # type: ignore[assignment]
    feature: Feature | None  # type: ignore[assignment]


ClientEvent: TypeAlias = (
    DeviceAdded | DeviceRemoved | ScanningFinished | ServerDisconnected | ReconnectFailed | ServerReconnected | ErrorReceived
)


def faced(bridge: Bridge, value: Any) -> Any:
    """Return something as the synchronous face has it, and what is the same in both as it is."""
    match value:
        case ButtplugDevice():
            return bridge.face(Device, value)
        case DeviceFeature():
            return bridge.face(Feature, value)
        case device.Reading():
            return Reading(bridge.face(Feature, value.feature), value.value)
        case events.DeviceAdded():
            return DeviceAdded(bridge.face(Device, value.device))
        case events.DeviceRemoved():
            return DeviceRemoved(bridge.face(Device, value.device))
        case ErrorReceived():
            return ErrorReceived(faced(bridge, value.error))
        case ButtplugDeviceError():
            return value
        case errors.ButtplugDeviceError():
            return _error(bridge, value)
        case _:
            return value


def _error(bridge: Bridge, error: errors.ButtplugDeviceError) -> ButtplugDeviceError:
    result = ButtplugDeviceError(error.message, reason=error.reason, errors=[faced(bridge, each) for each in error.errors])
    result.device, result.feature = faced(bridge, error.device), faced(bridge, error.feature)
    result.__cause__ = error.__cause__
    return result
