"""What the Lovense Connect app says of a toy."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

BATTERY_LEVEL = 85


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the battery level readable."""
    device.readable["rx"] = [bytes((BATTERY_LEVEL,))]
