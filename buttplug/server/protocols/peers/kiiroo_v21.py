"""The status of a Kiiroo toy."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.kiiroo_v21 import BATTERY, STATUS_SIZE

BATTERY_LEVEL = 85


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the battery level readable."""
    device.readable["whitelist"] = [bytes((*bytes(BATTERY), BATTERY_LEVEL)).ljust(STATUS_SIZE, b"\x00")]
