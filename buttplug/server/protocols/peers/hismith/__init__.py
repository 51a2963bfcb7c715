"""The model's number of a Hismith machine."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: The numbers of models that no configuration names: of the first ones none at all.
UNNAMED = {"hismith": "", "hismith-mini": "0000"}


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the number readable."""
    device.readable["rxblemodel"] = [bytes.fromhex(definition.identifier or UNNAMED[definition.protocol])]
