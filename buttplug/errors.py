"""The errors where the official client has them. They are in :mod:`buttplug` too."""

from __future__ import annotations

from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
    DeviceErrorReason,
    error_from_code,
)

__all__ = [
    "ButtplugConnectorError",
    "ButtplugDeviceError",
    "ButtplugError",
    "ButtplugHandshakeError",
    "ButtplugMessageError",
    "ButtplugPingError",
    "ButtplugUnknownError",
    "DeviceErrorReason",
    "error_from_code",
]
