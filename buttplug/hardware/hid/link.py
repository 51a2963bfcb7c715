"""One open HID device.

A HID device has no services to look at: endpoint tx writes an output report, whose first byte is the report's number (0 for
devices that do not number them), and endpoint rx notifies every input report, again with the number first where there is one.
"""

from __future__ import annotations

import sys

from buttplug.hardware.base import Packet
from buttplug.hardware.common import udev
from buttplug.hardware.common.blocking import READ_MS, BlockingHardware
from buttplug.hardware.common.nodes import ownership
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
)
from buttplug.hardware.hid.library import HidEntry, HidHandle, library_lock
from buttplug.hardware.hid.specifier import HidSpecifier

#: Most bytes of one input report.
READ_SIZE = 1024

#: How the systems say that a device may not be opened: Linux, Windows, macOS.
_DENIED = ("permission denied", "access is denied", "not permitted")


class HidHardware(BlockingHardware):
    """An open HID device."""

    def __init__(self, entry: HidEntry, specifier: HidSpecifier, handle: HidHandle) -> None:
        super().__init__(name=entry.name, address=entry.address, endpoints=("tx", "rx"), specifier=specifier)
        self._entry = entry
        self._handle = handle

    def open_device(self) -> None:
        try:
            with library_lock:
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
