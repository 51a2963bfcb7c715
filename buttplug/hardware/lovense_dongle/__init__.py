"""Lovense toys behind the maker's USB dongle, of either kind: HID or serial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use

if TYPE_CHECKING:
    from buttplug.hardware.lovense_dongle.manager import HID_DONGLE, LovenseHidDongleManager, LovenseSerialDongleManager
else:
    __getattr__ = import_on_use(
        __name__,
        HID_DONGLE="manager",
        LovenseHidDongleManager="manager",
        LovenseSerialDongleManager="manager",
    )

__all__ = [
    "HID_DONGLE",
    "LovenseHidDongleManager",
    "LovenseSerialDongleManager",
]
