"""The name of an Umove toy."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: A model that no configuration names.
UNNAMED = "Xx"


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Be called as the model is."""
    device.name = f"UM{definition.identifier or UNNAMED}B1"
