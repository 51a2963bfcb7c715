"""Serial ports, by pyserial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.serial.specifier import SerialAdvertisement, SerialSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.serial.link import SerialHardware
    from buttplug.hardware.serial.manager import SerialManager
else:
    __getattr__ = import_on_use(
        __name__,
        SerialHardware="link",
        SerialManager="manager",
    )

__all__ = [
    "SerialAdvertisement",
    "SerialHardware",
    "SerialManager",
    "SerialSpecifier",
]
