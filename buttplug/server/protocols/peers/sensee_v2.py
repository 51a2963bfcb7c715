"""What tells the type of a Sensee of the second generation."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.sensee.v2 import DEFAULT_TYPE, TYPE_PLACE


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the type readable."""
    device.readable["tx"] = [bytes(TYPE_PLACE) + bytes((DEFAULT_TYPE,))]
