"""What tells a Svakom Sam Neo's generation."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.svakom.sam import ONE_SPEED

FIRST_GENERATION = frozenset({"tx", "rx"})


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the endpoints of the one that knows one speed, or of the first generation."""
    device.endpoints = FIRST_GENERATION | {"firmware"} if definition.identifier == ONE_SPEED else FIRST_GENERATION
