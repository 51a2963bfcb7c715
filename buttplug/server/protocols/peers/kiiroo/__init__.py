"""The status of a Kiiroo toy."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.kiiroo.v21 import BATTERY, STATUS, STATUS_SIZE

BATTERY_LEVEL = 85


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the battery level readable: of a Keon by itself, of others in their status."""
    level = bytes((BATTERY_LEVEL,))
    status = (bytes(BATTERY) + level).ljust(STATUS_SIZE, b"\x00")
    device.readable[STATUS] = [level if definition.protocol == "kiiroo-v3" else status]
