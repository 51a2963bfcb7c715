"""What tells a MonsterPub's model, and its challenge."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.monsterpub import CHALLENGE_SIZE

#: A model that no configuration names.
UNNAMED = "MP_UNNAMED"


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the model readable, filled up with zeros as the real ones are, and a challenge for key 0."""
    device.readable["rxblemodel"] = [(definition.identifier or UNNAMED).encode() + bytes(2)]
    device.readable["rx"] = [bytes(range(CHALLENGE_SIZE))]
