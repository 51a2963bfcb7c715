"""The third-party library for raw USB devices, and what it says of a device."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Protocol

from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.errors import (
    BusUnavailableError,
)


class UsbPipe(Protocol):
    """An endpoint descriptor of the third-party library."""

    bEndpointAddress: int  # noqa: N815 - the library's and the standard's name
    bmAttributes: int  # noqa: N815
    wMaxPacketSize: int  # noqa: N815


class UsbInterface(Protocol):
    """An interface descriptor of the third-party library."""

    bInterfaceNumber: int  # noqa: N815
    bAlternateSetting: int  # noqa: N815

    def __iter__(self) -> Iterator[UsbPipe]: ...


class UsbDevice(Protocol):
    """A device, as the third-party library has it; opened by the first call that needs it."""

    idVendor: int  # noqa: N815
    idProduct: int  # noqa: N815
    bus: int
    address: int
    port_numbers: tuple[int, ...] | None

    def get_active_configuration(self) -> Iterable[UsbInterface]: ...
    def is_kernel_driver_active(self, interface: int, /) -> bool: ...
    def detach_kernel_driver(self, interface: int, /) -> None: ...
    def attach_kernel_driver(self, interface: int, /) -> None: ...
    def ctrl_transfer(self, request_type: int, request: int, value: int, index: int, data: bytes, timeout: int, /) -> int: ...
    def write(self, endpoint: int, data: bytes, timeout: int, /) -> int: ...
    def read(self, endpoint: int, size: int, timeout: int, /) -> Sequence[int]: ...


def pyusb() -> ModuleType:
    """Return the third-party library; blocks.

    Raises:
        BusUnavailableError: It, or libusb below it, is not installed.
    """
    try:
        importlib.import_module("usb.util")
        core = importlib.import_module("usb.core")
    except ImportError as error:
        raise BusUnavailableError(f"Raw USB devices need pyusb: pip install pyusb ({error})") from error
    try:
        core.find(find_all=True)
    except core.NoBackendError:
        raise BusUnavailableError(f"Raw USB devices need libusb 1.0: {_libusb_remedy()}") from None
    return importlib.import_module("usb")


def id_of(device: UsbDevice) -> UsbId:
    """Return vendor and product."""
    return UsbId(device.idVendor, device.idProduct)


def name_of(device: UsbDevice) -> str:
    """Return a name for people. What a device calls itself can only be read when it may be opened."""
    return f"USB device {device.idVendor:04x}:{device.idProduct:04x}"


def address_of(device: UsbDevice) -> str:
    """Return which device it is by the port it is plugged into, which needs no permission to be known."""
    ports = device.port_numbers or (device.address,)
    return f"usb-{device.idVendor:04x}-{device.idProduct:04x}-{device.bus}-{'.'.join(map(str, ports))}"


def node_of(device: UsbDevice) -> str:
    """Return the node that Linux gives a device."""
    return f"/dev/bus/usb/{device.bus:03}/{device.address:03}"


def _libusb_remedy() -> str:
    if sys.platform == "linux":
        return "install the package libusb-1.0-0 (Debian, Ubuntu), libusb1 (Fedora) or libusb (Arch)"
    if sys.platform == "darwin":
        return "brew install libusb"
    return "put libusb-1.0.dll, from libusb.info, beside python.exe, and give the device the driver WinUSB"
