"""How raw USB devices are found."""

from __future__ import annotations

from typing import ClassVar

from buttplug.hardware.common.usb_ids import UsbIdAdvertisement, UsbIdSpecifier


class UsbAdvertisement(UsbIdAdvertisement, frozen=True):
    """A USB device of this machine."""


class UsbSpecifier(UsbIdSpecifier, frozen=True):
    """Raw USB devices by vendor and product."""

    advertisement: ClassVar[type[UsbAdvertisement]] = UsbAdvertisement
