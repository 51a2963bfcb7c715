"""A backend for the real pyusb, with devices that do not exist behind it: what libusb is otherwise."""

from __future__ import annotations

import errno
import os
import struct
import threading
from array import array
from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue
from types import SimpleNamespace

import pytest
from usb.backend import IBackend  # type: ignore[import-untyped]
from usb.core import USBError, USBTimeoutError  # type: ignore[import-untyped]

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice

BULK_OUT, BULK_IN = (0x02, 2), (0x81, 2)
INTERRUPT_OUT, INTERRUPT_IN = (0x01, 3), (0x82, 3)
ISOCHRONOUS_IN = (0x83, 1)

#: Address and attributes of a pipe.
Pipe = tuple[int, int]


class UsbDevice:
    """One USB device with one configuration, plugged in or not.

    Attributes:
        open_error: The errno that opening fails with while it is set; ``NotImplementedError`` for a system without a driver.
        transfer_error: The errno that every transfer fails with while it is set.
        hang: While it is not None, transfers out and opening wait until it is set, and heed no time-out.
        takes: Most bytes of a transfer that it takes.
        kernel_driver: Whether a driver of the kernel has its interface.
        claimed: The interfaces that are claimed.
        handles: How many have it open.
    """

    def __init__(
        self,
        device: SimulatedDevice,
        vendor_id: int,
        product_id: int,
        *,
        address: int = 5,
        ports: Sequence[int] | None = (1, 4),
        pipes: Iterable[Pipe] = (),
        kernel_driver: bool | None = False,
    ) -> None:
        """``device`` is what stands behind it; ``kernel_driver`` None: the system has no drivers that can be detached."""
        self.device = device
        self.vendor_id = vendor_id
        self.product_id = product_id
        self.address = address
        self.ports = ports
        self.pipes = list(pipes)
        self.kernel_driver = kernel_driver
        self.open_error: int | type[NotImplementedError] | None = None
        self.transfer_error: int | None = None
        self.hang: threading.Event | None = None
        self.takes = 4096
        self.plugged_in = True
        self.handles = 0
        self.claimed: set[int] = set()
        self.inputs: SimpleQueue[bytes] = SimpleQueue()

    def send(self, data: bytes) -> None:
        """Send on the first pipe in."""
        self.inputs.put(data)

    def transfer(self, packet: Packet, sent: int) -> int:
        """Take what was sent; return how many bytes of the data stage were taken."""
        if self.hang is not None:
            self.hang.wait()
        self.check()
        self.device.received(packet)
        return min(sent, self.takes)

    def check(self) -> None:
        """Fail as it was told to."""
        number = self.transfer_error if self.plugged_in else errno.ENODEV
        if number is not None:
            raise usb_error(number)


def usb_error(number: int) -> USBError:
    """Return the library's error for an errno."""
    kind = USBTimeoutError if number == errno.ETIMEDOUT else USBError
    return kind(os.strerror(number), -1, number)


class UsbBackend(IBackend):  # type: ignore[misc]
    """All devices of a machine."""

    def __init__(self) -> None:
        self.devices: list[UsbDevice] = []
        self.list_error: int | None = None

    def add(self, device: UsbDevice) -> UsbDevice:
        """Plug a device in."""
        self.devices.append(device)
        return device

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be what pyusb finds when it looks for libusb."""
        monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: self)

    def enumerate_devices(self) -> Iterable[UsbDevice]:
        if self.list_error is not None:
            raise usb_error(self.list_error)
        return [device for device in self.devices if device.plugged_in]

    def get_device_descriptor(self, device: UsbDevice) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=8,
            idVendor=device.vendor_id,
            idProduct=device.product_id,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=device.address,
            bus=1,
            port_number=device.ports[-1] if device.ports else None,
            port_numbers=device.ports,
            speed=1,
        )

    def get_configuration_descriptor(self, device: UsbDevice, config: int) -> SimpleNamespace:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=9,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, device: UsbDevice, interface: int, alternate: int, config: int) -> SimpleNamespace:
        if interface or alternate or config:
            raise IndexError(interface)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=len(device.pipes),
            bInterfaceClass=0xFF,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(
        self, device: UsbDevice, endpoint: int, interface: int, alternate: int, config: int
    ) -> SimpleNamespace:
        address, attributes = device.pipes[endpoint]
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=address,
            bmAttributes=attributes,
            wMaxPacketSize=64,
            bInterval=10,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, device: UsbDevice) -> UsbDevice:
        if device.hang is not None:
            device.hang.wait()
        if isinstance(device.open_error, int):
            raise usb_error(device.open_error)
        if device.open_error is not None:
            raise device.open_error("Operation not supported or unimplemented on this platform")
        device.check()
        device.handles += 1
        return device

    def close_device(self, device: UsbDevice) -> None:
        device.handles -= 1

    def get_configuration(self, device: UsbDevice) -> int:
        device.check()
        return 1

    def is_kernel_driver_active(self, device: UsbDevice, interface: int) -> bool:
        if device.kernel_driver is None:
            raise NotImplementedError("is_kernel_driver_active")
        return device.kernel_driver

    def detach_kernel_driver(self, device: UsbDevice, interface: int) -> None:
        device.kernel_driver = False

    def attach_kernel_driver(self, device: UsbDevice, interface: int) -> None:
        device.check()
        device.kernel_driver = True

    def claim_interface(self, device: UsbDevice, interface: int) -> None:
        if device.kernel_driver:
            raise usb_error(errno.EBUSY)
        device.claimed.add(interface)

    def release_interface(self, device: UsbDevice, interface: int) -> None:
        device.claimed.remove(interface)

    def ctrl_transfer(
        self, device: UsbDevice, request_type: int, request: int, value: int, index: int, data: array[int], timeout: int
    ) -> int:
        setup = struct.pack("<BBHHH", request_type, request, value, index, len(data))
        return device.transfer(Packet(setup + data.tobytes(), "txvendorcontrol"), len(data))

    def bulk_write(self, device: UsbDevice, endpoint: int, interface: int, data: array[int], timeout: int) -> int:
        assert device.claimed == {interface}
        return device.transfer(Packet(data.tobytes()), len(data))

    intr_write = bulk_write

    def bulk_read(self, device: UsbDevice, endpoint: int, interface: int, buffer: array[int], timeout: int) -> int:
        assert device.claimed == {interface}
        device.check()
        try:
            data = device.inputs.get(timeout=timeout / 1000)
        except Empty:
            raise usb_error(errno.ETIMEDOUT) from None
        buffer[: len(data)] = array("B", data)
        return len(data)

    intr_read = bulk_read
