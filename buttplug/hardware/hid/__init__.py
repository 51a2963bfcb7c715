"""HID devices, over USB or Bluetooth, by hidapi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.hid.specifier import HidAdvertisement, HidSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.hid.link import HidHardware
    from buttplug.hardware.hid.manager import HidManager
else:
    __getattr__ = import_on_use(
        __name__,
        HidHardware="link",
        HidManager="manager",
    )

__all__ = [
    "HidAdvertisement",
    "HidHardware",
    "HidManager",
    "HidSpecifier",
]
