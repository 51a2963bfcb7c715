"""Raw USB devices, by pyusb and libusb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.usb.specifier import UsbAdvertisement, UsbSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.usb.link import UsbHardware
    from buttplug.hardware.usb.manager import UsbManager
else:
    __getattr__ = import_on_use(
        __name__,
        UsbHardware="link",
        UsbManager="manager",
    )

__all__ = [
    "UsbAdvertisement",
    "UsbHardware",
    "UsbManager",
    "UsbSpecifier",
]
