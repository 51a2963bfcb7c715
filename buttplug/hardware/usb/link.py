"""One open USB device.

Endpoint txvendorcontrol, which every device has, makes control transfers: a packet is the 8 bytes of the setup stage
(``bmRequestType bRequest wValue wIndex wLength``, the last three little endian) followed by the data to send. Where the
device has pipes, endpoint tx writes to the first one out, and what the first one in brings is notified on endpoint rx.
"""

from __future__ import annotations

import errno
import struct
import sys
from types import ModuleType

from buttplug.hardware.base import Packet
from buttplug.hardware.common import udev
from buttplug.hardware.common.blocking import READ_MS, WRITE_LIMIT, BlockingHardware
from buttplug.hardware.common.nodes import ownership
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.usb.library import UsbDevice, UsbInterface, UsbPipe, address_of, id_of, name_of, node_of
from buttplug.hardware.usb.specifier import UsbSpecifier

#: Milliseconds the library is given for a transfer: less than :data:`WRITE_LIMIT`, which is for a driver that hangs.
TRANSFER_MS = int(WRITE_LIMIT * 800)

_SETUP = struct.Struct("<BBHHH")
_TO_HOST = 0x80
_PIPE_KINDS = (2, 3)  # bulk and interrupt, in the low two bits of bmAttributes

_DENIED = frozenset({errno.EACCES, errno.EPERM})
_GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.EIO})


class UsbHardware(BlockingHardware):
    """An open USB device."""

    def __init__(self, device: UsbDevice, specifier: UsbSpecifier, library: ModuleType) -> None:
        super().__init__(name=name_of(device), address=address_of(device), endpoints=("txvendorcontrol",), specifier=specifier)
        self.device = device
        self._library = library
        self._out: UsbPipe | None = None
        self._in: UsbPipe | None = None
        self._detached: int | None = None

    def open_device(self) -> None:
        try:
            interfaces = list(self.device.get_active_configuration())
        except NotImplementedError as error:
            raise OSError(errno.ENOSYS, str(error)) from error
        for interface in interfaces:
            if interface.bAlternateSetting == 0 and self._take_pipes(interface):
                self._claim(interface.bInterfaceNumber)
                return

    def write_device(self, packet: Packet) -> None:
        try:
            if packet.endpoint == "txvendorcontrol":
                self._control(packet.data)
            elif packet.endpoint == "tx" and self._out is not None:
                self._check_count(self.device.write(self._out.bEndpointAddress, packet.data, TRANSFER_MS), packet.data)
            else:
                raise HardwareError(f"{self.name}: endpoint {packet.endpoint} cannot be written")
        except self._library.core.USBTimeoutError:
            raise HardwareTimeoutError(f"{self.name} took nothing for {TRANSFER_MS / 1000:g} s: is it switched on?") from None

    def read_device(self) -> bytes:
        if self._in is None:
            # Nothing comes from it; that it is gone is seen when the devices are listed.
            self.closing.wait()
            return b""
        try:
            return bytes(self.device.read(self._in.bEndpointAddress, self._in.wMaxPacketSize, READ_MS))
        except self._library.core.USBTimeoutError:
            return b""

    def close_device(self) -> None:
        try:
            if self._detached is not None:
                self._library.util.release_interface(self.device, self._detached)
                self.device.attach_kernel_driver(self._detached)
        finally:
            self._library.util.dispose_resources(self.device)

    def not_opened(self, error: OSError) -> HardwareError:
        if error.errno in _DENIED and sys.platform == "linux":
            rule = udev.usb_rule(id_of(self.device))
            return HardwarePermissionError(
                f"{self.name}: {ownership(node_of(self.device))} may not be opened: {udev.remedy(rule)}"
            )
        if error.errno in _DENIED:
            return HardwarePermissionError(f"{self.name} may not be opened: close the other programs that use it ({error})")
        if error.errno == errno.EBUSY:
            return HardwareError(f"{self.name} is in use: close the other programs that use it ({error})")
        if error.errno == errno.ENOSYS:
            return HardwareError(
                f"{self.name} has no driver that libusb can use: give it WinUSB, for instance with Zadig ({error})"
            )
        if error.errno in _GONE:
            return HardwareDisconnectedError(f"{self.name} is gone: plug it in again ({error})")
        return HardwareError(f"{self.name} could not be opened: {error}")

    def means_gone(self, error: OSError) -> bool:
        return error.errno in _GONE

    def _take_pipes(self, interface: UsbInterface) -> bool:
        for pipe in interface:
            if pipe.bmAttributes & 3 in _PIPE_KINDS:
                if pipe.bEndpointAddress & _TO_HOST:
                    self._in = self._in or pipe
                else:
                    self._out = self._out or pipe
        pipes = {"tx": self._out, "rx": self._in}
        found = {endpoint for endpoint, pipe in pipes.items() if pipe is not None}
        self.endpoints: frozenset[str] = self.endpoints | found
        return self._out is not None or self._in is not None

    def _claim(self, interface: int) -> None:
        try:
            if self.device.is_kernel_driver_active(interface):
                self.device.detach_kernel_driver(interface)
                self._detached = interface
        except NotImplementedError:
            pass  # Only Linux and macOS have drivers that can be detached.
        self._library.util.claim_interface(self.device, interface)

    def _control(self, data: bytes) -> None:
        if len(data) < _SETUP.size:
            raise HardwareError(f"{self.name}: a control transfer needs {_SETUP.size} bytes of setup, not {data.hex(' ')}")
        request_type, request, value, index, length = _SETUP.unpack_from(data)
        payload = data[_SETUP.size :]
        if request_type & _TO_HOST:
            raise HardwareError(f"{self.name}: control transfers that read are not supported ({data.hex(' ')})")
        if len(payload) != length:
            raise HardwareError(f"{self.name}: a control transfer announces {length} bytes and has {len(payload)}")
        self._check_count(self.device.ctrl_transfer(request_type, request, value, index, payload, TRANSFER_MS), payload)

    def _check_count(self, written: int, data: bytes) -> None:
        if written != len(data):
            raise HardwareError(f"{self.name} took {written} of {len(data)} bytes")
