"""Bluetooth LE, by bleak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.bluetooth.specifier import BluetoothAdvertisement, BluetoothSpecifier, ManufacturerData
from buttplug.hardware.common.lazy import import_on_use

if TYPE_CHECKING:
    from buttplug.hardware.bluetooth.link import BluetoothHardware
    from buttplug.hardware.bluetooth.manager import BluetoothManager
else:
    __getattr__ = import_on_use(
        __name__,
        BluetoothHardware="link",
        BluetoothManager="manager",
    )

__all__ = [
    "BluetoothAdvertisement",
    "BluetoothHardware",
    "BluetoothManager",
    "BluetoothSpecifier",
    "ManufacturerData",
]
