"""What can go wrong with a device or a bus."""

from __future__ import annotations

from buttplug.core.errors import ButtplugDeviceError, ButtplugError


class HardwareError(ButtplugDeviceError):
    """A device or its bus failed. The message says what happened and, where it can be mended, how."""


class HardwareTimeoutError(HardwareError):
    """A device did not answer in time."""


class HardwareDisconnectedError(HardwareError):
    """The link to the device is gone."""


class HardwarePermissionError(HardwareError):
    """The system does not let this process use the device; the message names the remedy."""


class BusUnavailableError(HardwareError):
    """A whole bus cannot be used: no adapter, no library, no permission. The message names the remedy."""


def surely_failed(error: ButtplugError | None) -> bool:
    """Whether a packet that was not written cannot have arrived: the bus refused it. ``error`` None: it was cut off."""
    return isinstance(error, HardwareError) and not isinstance(error, HardwareTimeoutError | HardwareDisconnectedError)
