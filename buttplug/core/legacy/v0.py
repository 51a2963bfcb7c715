"""Message spec version 0, where it differs from version 1: no command says which part of a device it means."""

from __future__ import annotations

from msgspec import to_builtins

from buttplug.core.legacy import v1, v2
from buttplug.core.legacy.device import Device

#: Messages of this version that no server ever did, with the reason.
REFUSED = dict.fromkeys(
    ("LovenseCmd", "RawCmd"), "it would send a device bytes that nobody checks; use the commands that DeviceAdded lists"
)


def device_info(device: Device) -> v2.DeviceInfo[list[str]]:
    """Return a device as clients see it."""
    return v2.DeviceInfo(device.info.device_name, device.info.device_index, device_messages(device))


def device_messages(device: Device) -> list[str]:
    """Return the names of the commands that a device is said to take."""
    newer: dict[str, object] = to_builtins(v1.device_messages(device))
    # What version 1 says of a command with parts is how many there are.
    return sorted(name for name, parts in newer.items() if not parts)
