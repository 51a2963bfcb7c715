"""Finds simulated devices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.common.addresses import ByAddress
from buttplug.hardware.simulated.device import SimulatedDevice, free_address

#: How long a scan of simulated devices lasts, in seconds: time enough to connect what it found.
SCAN_TIME = 0.1


class SimulatedManager(CommunicationManager):
    """Finds simulated devices: each scan reports those in range, and ends by itself."""

    bus = "simulated devices"

    def __init__(self, devices: Iterable[SimulatedDevice] = (), *, scan_time: float = SCAN_TIME) -> None:
        super().__init__()
        self.devices: list[SimulatedDevice] = []
        self.scan_time = scan_time
        self._known: set[str] = set()
        self._end: asyncio.TimerHandle | None = None
        for device in devices:
            self.add(device)

    def add(self, device: SimulatedDevice) -> SimulatedDevice:
        """Have the next scan find a device; one that is on finds it now.

        A device that was given no address of its own gets one that no other here has.

        Raises:
            ValueError: Another device here has its address.
            TypeError: It is no simulated device.
        """
        _require_device(device)
        taken = ByAddress({other.address: other for other in self.devices})
        if device.address in taken:
            if not device.provisional_address:
                raise ValueError(f"{device.label} cannot be added: another simulated device has the address {device.address}")
            device.address = free_address(taken)
        self.devices.append(device)
        device.on_return = self._returned
        if self.scanning:
            self._report(device)
        return device

    @property
    def scanning(self) -> bool:
        return self._end is not None

    async def start_scanning(self) -> None:
        if self.scanning:
            return
        self._end = asyncio.get_running_loop().call_later(self.scan_time, self._finish)
        for device in self.devices:
            if device.in_range and not device.connected:
                self._report(device)

    async def stop_scanning(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _finish(self) -> None:
        self._end = None
        self.on_scanning_finished()

    def _report(self, device: SimulatedDevice) -> None:
        self._known.add(device.address)
        self.on_found(device.discovery())

    def _returned(self, device: SimulatedDevice) -> None:
        if self.scanning or device.address in self._known:
            self._report(device)


def _require_device(device: object) -> None:
    if isinstance(device, str):
        raise TypeError(f"{device!r} is no simulated device: to simulate a model by its name, ButtplugServer(simulate=[…])")
