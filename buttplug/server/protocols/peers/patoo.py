"""The name of a Patoo."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: A model that no configuration names.
UNNAMED = "PXX"


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the model's name, with a number as the real ones have."""
    device.name = f"{definition.identifier or UNNAMED}821"
