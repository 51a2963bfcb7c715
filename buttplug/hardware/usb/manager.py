"""Finds raw USB devices, by vendor and product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType

from buttplug.hardware.base import BusReport
from buttplug.hardware.common import udev
from buttplug.hardware.common.listing import Listed, ListingManager
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.usb.library import UsbDevice, address_of, id_of, name_of, node_of, pyusb
from buttplug.hardware.usb.link import UsbHardware
from buttplug.hardware.usb.specifier import UsbAdvertisement, UsbSpecifier


class UsbManager(ListingManager[UsbDevice]):
    """Offers the USB devices that the configuration names."""

    bus = "USB"
    what = "USB devices"
    watches = True

    def __init__(self, pairs: Iterable[UsbId]) -> None:
        """``pairs``: vendor and product of the devices to look for; others are not opened."""
        super().__init__()
        self._pairs = frozenset(pairs)

    def load(self) -> ModuleType:
        return pyusb()

    def list_entries(self) -> list[UsbDevice]:
        return list(pyusb().core.find(find_all=True, custom_match=lambda device: id_of(device) in self._pairs))

    async def entries(self) -> list[UsbDevice]:
        devices = await super().entries()
        present = {(device.bus, device.address) for device in devices}
        for hardware in self.connected:
            if isinstance(hardware, UsbHardware) and (hardware.device.bus, hardware.device.address) not in present:
                hardware.fail("it was unplugged")
        return devices

    def describe(self, entry: UsbDevice) -> Listed:
        return Listed(name_of(entry), address_of(entry), UsbAdvertisement(entry.idVendor, entry.idProduct))

    def hardware(self, entry: UsbDevice, specifier: Specifier) -> UsbHardware | None:
        if isinstance(specifier, UsbSpecifier) and id_of(entry) in specifier.pairs:
            return UsbHardware(entry, specifier, pyusb())
        return None

    def report(self, entries: Sequence[UsbDevice]) -> BusReport:
        nodes = [udev.Node(name_of(device), node_of(device), udev.usb_rule(id_of(device))) for device in entries]
        return udev.report(self.bus, nodes)
