"""The name of a Cueme garment."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: A garment that no configuration names.
UNNAMED = "9"


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Be called as the garment is."""
    device.name = f"FUNCODE_A1B2C3D4E5F6_{definition.identifier or UNNAMED}"
