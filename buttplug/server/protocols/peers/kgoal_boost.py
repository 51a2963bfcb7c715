"""What the sensor of a KGoal Boost says."""

from __future__ import annotations

from buttplug.core.enums import InputType
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

#: What stands in front of the two pressures.
HEAD = bytes((0, 1, 4))


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the two pressures, normalized and raw, be said together, as the device does."""
    pressures = [0, 0]

    def feeds(place: int, feature: int) -> None:
        def pressure(value: int) -> None:
            pressures[place] = value
            device.notify("rxpressure", HEAD + b"".join(each.to_bytes(2, "big") for each in pressures))

        device.feeds[InputType.PRESSURE, feature] = pressure

    for place, feature in enumerate(each.index for each in definition.features if InputType.PRESSURE in each.inputs):
        feeds(place, feature)
