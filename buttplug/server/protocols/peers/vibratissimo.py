"""What tells a Vibratissimo's model."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: A model that no configuration names.
UNNAMED = "Panty Buster"


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the model readable."""
    device.readable["rxblemodel"] = [(definition.identifier or UNNAMED).encode()]
