"""Finds HID devices, over USB or Bluetooth, by vendor and product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from buttplug.hardware.base import BusReport
from buttplug.hardware.common import udev
from buttplug.hardware.common.listing import Listed, ListingManager
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.hid.library import HidAddresses, HidEntry, HidLibrary, hid_entries, hidapi
from buttplug.hardware.hid.link import HidHardware
from buttplug.hardware.hid.specifier import HidAdvertisement, HidSpecifier
from buttplug.hardware.specifier import Specifier


class HidManager(ListingManager[HidEntry]):
    """Offers the HID devices that the configuration names."""

    bus = "HID"
    what = "HID devices"

    def __init__(self, pairs: Iterable[UsbId]) -> None:
        """``pairs``: vendor and product of the devices to look for; others are not touched."""
        super().__init__()
        self._addresses = HidAddresses()
        self._pairs = sorted(set(pairs), key=lambda pair: (pair.vendor_id, pair.product_id))

    def load(self) -> HidLibrary:
        return hidapi()

    def list_entries(self) -> list[HidEntry]:
        return self._addresses.unique(hid_entries(self._pairs))

    def describe(self, entry: HidEntry) -> Listed:
        return Listed(entry.name, entry.address, HidAdvertisement(entry.vendor_id, entry.product_id))

    def hardware(self, entry: HidEntry, specifier: Specifier) -> HidHardware | None:
        if isinstance(specifier, HidSpecifier) and entry.id in specifier.pairs:
            return HidHardware(entry, specifier, hidapi().device())
        return None

    def report(self, entries: Sequence[HidEntry]) -> BusReport:
        return udev.report(self.bus, [udev.Node(entry.name, entry.node, udev.hid_rule(entry.id)) for entry in entries])
