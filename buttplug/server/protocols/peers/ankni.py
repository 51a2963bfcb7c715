"""The address that a Roselex toy is asked for."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

ADDRESS = bytes.fromhex("A0 B1 C2 D3 E4 F5")


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the address readable."""
    device.readable["generic0"] = [ADDRESS]
