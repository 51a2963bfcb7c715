"""HID devices, over USB or Bluetooth, by vendor and product.

A HID device has no services to look at: endpoint tx writes an output report, whose first byte is the report's number (0 for
devices that do not number them), and endpoint rx notifies every input report, again with the number first where there is one.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol, cast

import msgspec

from buttplug.hardware import udev
from buttplug.hardware.base import BusReport, Packet
from buttplug.hardware.blocking import READ_MS, BlockingHardware
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
)
from buttplug.hardware.listing import Listed, ListingManager
from buttplug.hardware.nodes import ownership, port_of
from buttplug.hardware.specifiers import HidAdvertisement, HidSpecifier, Specifier, UsbId

#: Most bytes of one input report.
READ_SIZE = 1024

#: The library keeps the last error of listing and opening in one place for the whole process, and frees it on every call,
#: without a lock of its own: two threads at once could free it twice.
_library_lock = threading.Lock()

#: How the systems say that a device may not be opened: Linux, Windows, macOS.
_DENIED = ("permission denied", "access is denied", "not permitted")


class HidHandle(Protocol):
    """An open device, as the third-party library has it."""

    def open_path(self, path: bytes, /) -> None: ...
    def read(self, max_length: int, timeout_ms: int, /) -> list[int]: ...
    def write(self, data: bytes, /) -> int: ...
    def error(self) -> str: ...
    def close(self) -> None: ...


class HidLibrary(Protocol):
    """What is used of the third-party library."""

    def enumerate(self, vendor_id: int, product_id: int, /) -> list[dict[str, object]]: ...
    def device(self) -> HidHandle: ...


class _Locked:
    """The library, listing in one thread at a time."""

    def __init__(self, library: HidLibrary) -> None:
        self.library = library

    def enumerate(self, vendor_id: int, product_id: int, /) -> list[dict[str, object]]:
        with _library_lock:
            return self.library.enumerate(vendor_id, product_id)

    def device(self) -> HidHandle:
        return self.library.device()


class HidEntry(msgspec.Struct, frozen=True):
    """What the library lists of a device; one entry per interface and usage."""

    path: bytes
    vendor_id: int
    product_id: int
    serial_number: str | None = None
    product_string: str | None = None
    interface_number: int = -1

    @property
    def id(self) -> UsbId:
        """Vendor and product."""
        return UsbId(self.vendor_id, self.product_id)

    @property
    def node(self) -> str:
        """The path as text: on Linux a node, ``/dev/hidraw3``."""
        return os.fsdecode(self.path)

    @property
    def name(self) -> str:
        """What the device calls itself."""
        return (self.product_string or "").strip() or f"HID device {self.vendor_id:04x}:{self.product_id:04x}"

    @property
    def address(self) -> str:
        """The serial number, or else where the device is plugged in; and which of its interfaces this is."""
        address = (self.serial_number or "").strip()
        if not address:
            place = hashlib.blake2s(port_of(self.node).encode(), digest_size=4).hexdigest()
            address = f"hid-{self.vendor_id:04x}-{self.product_id:04x}-{place}"
        return address if self.interface_number <= 0 else f"{address}-{self.interface_number}"


class HidHardware(BlockingHardware):
    """An open HID device."""

    def __init__(self, entry: HidEntry, specifier: HidSpecifier, handle: HidHandle) -> None:
        super().__init__(name=entry.name, address=entry.address, endpoints=("tx", "rx"), specifier=specifier)
        self._entry = entry
        self._handle = handle

    def open_device(self) -> None:
        try:
            with _library_lock:
                self._handle.open_path(self._entry.path)
        except OSError as error:
            raise OSError(self._handle.error() or str(error)) from error

    def write_device(self, packet: Packet) -> None:
        if packet.endpoint != "tx":
            raise HardwareError(f"{self.name}: endpoint {packet.endpoint} cannot be written")
        written = self._handle.write(packet.data)
        if written < 0:
            raise OSError(self._handle.error())
        # More may be written than was asked for: Windows fills every report up to its full length.
        if written < len(packet.data):
            raise HardwareError(f"{self.name} took {written} of the {len(packet.data)} bytes of a report")

    def read_device(self) -> bytes:
        return bytes(self._handle.read(READ_SIZE, READ_MS))

    def close_device(self) -> None:
        self._handle.close()

    def not_opened(self, error: OSError) -> HardwareError:
        entry, reason = self._entry, str(error)
        if any(words in reason.lower() for words in _DENIED):
            if entry.node.startswith("/dev/"):
                how = udev.remedy(udev.hid_rule(entry.id))
                return HardwarePermissionError(f"{entry.name}: {ownership(entry.node)} may not be opened: {how}")
            if sys.platform == "darwin":
                how = "allow this program in System Settings, Privacy & Security, Input Monitoring, and start it again"
            else:
                how = "close the other programs that may be using it"
            return HardwarePermissionError(f"{entry.name} may not be opened: {how} ({reason})")
        if "no such" in reason.lower():
            return HardwareDisconnectedError(f"{entry.name} is gone: plug it in again ({reason})")
        return HardwareError(f"{entry.name} could not be opened: {reason}")

    def means_gone(self, error: OSError) -> bool:
        return True


class HidManager(ListingManager[HidEntry]):
    """Offers the HID devices that the configuration names."""

    bus = "HID"
    what = "HID devices"

    def __init__(self, pairs: Iterable[UsbId]) -> None:
        """``pairs``: vendor and product of the devices to look for; others are not touched."""
        super().__init__()
        self._pairs = sorted(set(pairs), key=lambda pair: (pair.vendor_id, pair.product_id))

    def load(self) -> HidLibrary:
        return hidapi()

    def list_entries(self) -> list[HidEntry]:
        return hid_entries(self._pairs)

    def describe(self, entry: HidEntry) -> Listed:
        return Listed(entry.name, entry.address, HidAdvertisement(entry.vendor_id, entry.product_id))

    def hardware(self, entry: HidEntry, specifier: Specifier) -> HidHardware | None:
        if isinstance(specifier, HidSpecifier) and entry.id in specifier.pairs:
            return HidHardware(entry, specifier, hidapi().device())
        return None

    def report(self, entries: Sequence[HidEntry]) -> BusReport:
        return udev.report(self.bus, [udev.Node(entry.name, entry.node, udev.hid_rule(entry.id)) for entry in entries])


def hidapi() -> HidLibrary:
    """Return the third-party library.

    Its ready-made packages for Linux have two modules: ``hid``, which takes devices away from the kernel's drivers and does
    not see Bluetooth, and ``hidraw``, which shares them. Elsewhere there is one.

    Raises:
        BusUnavailableError: It is not installed, or another library is in its place.
    """
    remedy = "pip install hidapi"
    for name in ("hidraw", "hid") if sys.platform == "linux" else ("hid",):
        with suppress(ImportError):
            module = importlib.import_module(name)
            if hasattr(module, "device"):
                return _Locked(cast(HidLibrary, module))
            remedy = (
                "another library of the name hid is in its place: pip uninstall hid && pip install --force-reinstall hidapi"
            )
    raise BusUnavailableError(f"HID devices need the library hidapi: {remedy}")


def hid_entries(pairs: Iterable[UsbId]) -> list[HidEntry]:
    """Return the devices of these vendors and products, each interface once; blocks.

    Raises:
        BusUnavailableError: The library is missing.
        OSError: They cannot be listed.
    """
    library = hidapi()
    found: dict[str, HidEntry] = {}
    for pair in pairs:
        for entry in msgspec.convert(library.enumerate(pair.vendor_id, pair.product_id), list[HidEntry]):
            # An interface is listed once per usage that it has.
            found.setdefault(entry.address, entry)
    return list(found.values())
