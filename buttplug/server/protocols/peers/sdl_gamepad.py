"""What tells a game pad's motors."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the name that stands for the model's motors."""
    device.name = definition.identifier or definition.name
