"""How HID devices are found."""

from __future__ import annotations

from typing import ClassVar

from buttplug.hardware.common.usb_ids import UsbIdAdvertisement, UsbIdSpecifier


class HidAdvertisement(UsbIdAdvertisement, frozen=True):
    """A HID device of this machine."""


class HidSpecifier(UsbIdSpecifier, frozen=True):
    """HID devices by vendor and product."""

    advertisement: ClassVar[type[HidAdvertisement]] = HidAdvertisement
