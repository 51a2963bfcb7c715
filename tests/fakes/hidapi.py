"""The extension module of the hidapi library, with devices that do not exist behind it.

It takes the place of the modules ``hidraw`` and ``hid`` and behaves as they were seen to: opening and reading raise OSError
with little to say, writing returns -1, and ``error()`` tells more.
"""

from __future__ import annotations

import sys
import threading
from queue import Empty, SimpleQueue

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice

GONE = "No such device"


class HidDevice:
    """One HID device, plugged in or not.

    Attributes:
        open_error: What opening says while it is set, for instance "Permission denied".
        hang: While it is not None, opening and writing wait until it is set.
        takes: Most bytes of a report that it takes.
        handles: How many have it open.
        threads: The threads its reports were written on.
    """

    def __init__(
        self,
        device: SimulatedDevice,
        vendor_id: int,
        product_id: int,
        *,
        path: str = "/dev/hidraw0",
        serial: str = "",
        interface: int = -1,
        usages: int = 1,
    ) -> None:
        """``device`` is what stands behind it: it is handed every report as a packet."""
        self.device = device
        self.path = path.encode()
        self.entry: dict[str, object] = {
            "path": self.path,
            "vendor_id": vendor_id,
            "product_id": product_id,
            "serial_number": serial,
            "release_number": 512,
            "manufacturer_string": "",
            "product_string": device.name,
            "usage_page": 1,
            "usage": 5,
            "interface_number": interface,
            "bus_type": 1,
        }
        self.usages = usages
        self.open_error = ""
        self.hang: threading.Event | None = None
        self.takes = 1024
        self.plugged_in = True
        self.handles = 0
        self.threads: set[str] = set()
        self.inputs: SimpleQueue[bytes | None] = SimpleQueue()

    def send(self, report: bytes) -> None:
        """Send an input report."""
        self.inputs.put(report)

    def unplug(self) -> None:
        """Be gone from the list, and fail whatever is asked of it."""
        self.plugged_in = False
        self.inputs.put(None)

    def plug_in(self, path: str = "") -> None:
        """Be back, as another node if a path is given."""
        self.inputs = SimpleQueue()
        self.path = path.encode() or self.path
        self.entry["path"] = self.path
        self.plugged_in = True


class HidHandle:
    """The library's ``device``."""

    def __init__(self, bus: HidBus) -> None:
        self._bus = bus
        self._device: HidDevice | None = None
        self._error = ""

    def open_path(self, path: bytes) -> None:
        for device in self._bus.devices:
            if device.path == path and device.plugged_in:
                if device.hang is not None:
                    device.hang.wait()
                if device.open_error:
                    self._error = f"Failed to open a device with path '{path.decode()}': {device.open_error}"
                    break
                self._device = device
                device.handles += 1
                return
        else:
            self._error = f"Failed to open a device with path '{path.decode()}': No such file or directory"
        raise OSError("open failed")

    def write(self, data: bytes) -> int:
        device = self._open_device()
        if device.hang is not None:
            device.hang.wait()
        if not device.plugged_in:
            self._error = GONE
            return -1
        device.threads.add(threading.current_thread().name)
        device.device.received(Packet(data[: device.takes]))
        return min(len(data), device.takes)

    def read(self, max_length: int, timeout_ms: int) -> list[int]:
        device = self._open_device()
        if not device.plugged_in:
            raise OSError("read error")
        try:
            report = device.inputs.get(timeout=timeout_ms / 1000)
        except Empty:
            return []
        if report is None:
            raise OSError("read error")
        return list(report[:max_length])

    def error(self) -> str:
        return self._error

    def close(self) -> None:
        if self._device is not None:
            self._device.handles -= 1
            self._device = None

    def _open_device(self) -> HidDevice:
        if self._device is None:
            raise ValueError("not open")
        return self._device


class HidBus:
    """The library.

    Attributes:
        list_error: Raised by listing while it is set.
        listed: How often each vendor and product was listed.
    """

    def __init__(self) -> None:
        self.devices: list[HidDevice] = []
        self.list_error: OSError | None = None
        self.listed = 0

    def add(self, device: HidDevice) -> HidDevice:
        """Plug a device in."""
        self.devices.append(device)
        return device

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the library's place."""
        for name in ("hidraw", "hid"):
            monkeypatch.setitem(sys.modules, name, self)

    def enumerate(self, vendor_id: int = 0, product_id: int = 0) -> list[dict[str, object]]:
        self.listed += 1
        if self.list_error is not None:
            raise self.list_error
        return [
            {**device.entry, "usage": usage}
            for device in self.devices
            for usage in range(device.usages)
            if device.plugged_in
            and vendor_id in (0, device.entry["vendor_id"])
            and product_id in (0, device.entry["product_id"])
        ]

    def device(self) -> HidHandle:
        return HidHandle(self)
