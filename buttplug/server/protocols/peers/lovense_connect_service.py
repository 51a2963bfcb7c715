"""What the Lovense Connect app says of a toy."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.simulated.device import BATTERY
from buttplug.server.devices.definition import DeviceDefinition


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the battery level readable."""

    def show_battery(percent: int) -> None:
        device.readable["rx"] = [bytes((percent,))]

    device.show_battery = show_battery
    device.battery = BATTERY
