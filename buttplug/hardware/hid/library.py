"""The third-party library for HID devices, and what it lists."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol, cast

import msgspec
from msgspec import structs

from buttplug.core.log import logger_of
from buttplug.hardware.common.addresses import folded_address
from buttplug.hardware.common.nodes import port_of
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.errors import (
    BusUnavailableError,
)

logger: logging.Logger = logger_of(__package__)

#: The library keeps the last error of listing and opening in one place for the whole process, and frees it on every call,
#: without a lock: two threads at once could free it twice.
library_lock: threading.Lock = threading.Lock()


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
        with library_lock:
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
    given_address: str = ""

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
        """The serial number, or else where the device is plugged in; and which of its interfaces this is.

        Where another device says the same of itself, it is the one that :class:`HidAddresses` gave.
        """
        return self.given_address or self._with_interface((self.serial_number or "").strip() or self._place)

    @property
    def address_by_place(self) -> str:
        """Where the device is plugged in, behind its serial number."""
        return self._with_interface(f"{(self.serial_number or '').strip()}-{self._place}".removeprefix("-"))

    @property
    def collection(self) -> str:
        """What the entries of one interface have in common, which is listed once for each of its usages."""
        # Windows has a path for each.
        path = re.sub(r"&col\d+|&\d{4}(?=#)", "", self.node, flags=re.IGNORECASE)
        return f"{path} {self.id} {self.interface_number} {self.serial_number}"

    @property
    def _place(self) -> str:
        port = hashlib.blake2s(port_of(self.node).encode(), digest_size=4).hexdigest()
        return f"hid-{self.vendor_id:04x}-{self.product_id:04x}-{port}"

    def _with_interface(self, address: str) -> str:
        return address if self.interface_number <= 0 else f"{address}-{self.interface_number}"


class HidAddresses:
    """Gives every device an address of its own: makers give many of theirs one serial number."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._by_place: set[str] = set()

    def unique(self, entries: Iterable[HidEntry]) -> list[HidEntry]:
        """Return every interface once, with its address.

        The one that was there first keeps the serial number as long as it stays; others are known by where they are plugged
        in, and keep that when they come back.
        """
        present = {entry.collection: entry for entry in reversed(list(entries))}
        self._given = {collection: address for collection, address in self._given.items() if collection in present}
        for collection, entry in sorted(present.items()):
            if collection in self._given:
                continue
            address, by_place = entry.address, entry.address_by_place
            if self._is_given(address) or by_place in self._by_place:
                if by_place not in self._by_place:
                    self._by_place.add(by_place)
                    logger.warning("%s has the serial number of another device; its address is %s", entry.name, by_place)
                address = by_place
            if self._is_given(address):
                logger.warning("%s at %s is not used: another device has its address %s", entry.name, entry.node, address)
                del present[collection]
                continue
            self._given[collection] = address
        return [structs.replace(entry, given_address=self._given[collection]) for collection, entry in sorted(present.items())]

    def _is_given(self, address: str) -> bool:
        return folded_address(address) in map(folded_address, self._given.values())


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
    """Return the devices of these vendors and products, each interface once for each of its usages; blocks.

    Raises:
        BusUnavailableError: The library is missing.
        OSError: They cannot be listed.
    """
    library = hidapi()
    listed = (library.enumerate(pair.vendor_id, pair.product_id) for pair in pairs)
    return [entry for entries in listed for entry in msgspec.convert(entries, list[HidEntry])]
