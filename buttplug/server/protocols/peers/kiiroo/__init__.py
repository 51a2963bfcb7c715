"""The status of a Kiiroo toy, and what its sensors say."""

from __future__ import annotations

from buttplug.core.enums import InputType
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.simulated.device import BATTERY as BATTERY_SHARE
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.kiiroo.v21 import BATTERY, PRESSURES, STATUS, STATUS_SIZE

#: What a channel says that nobody presses, and how many there are.
REST = 850
CHANNELS = 4


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the battery level readable, of a Keon by itself, of others in their status; have sensors as the Pearl."""

    def show_battery(percent: int) -> None:
        level = bytes((percent,))
        status = (bytes(BATTERY) + level).ljust(STATUS_SIZE, b"\x00")
        device.readable[STATUS] = [level if definition.protocol == "kiiroo-v3" else status]

    device.show_battery = show_battery
    device.battery = BATTERY_SHARE

    pressures, pressed = [REST] * CHANNELS, [False] * CHANNELS

    def say() -> None:
        bits = sum(is_pressed << channel for channel, is_pressed in enumerate(pressed))
        device.notify("rx", PRESSURES.pack(*pressures, bits))

    def feeds(channel: int, feature: int) -> None:
        def pressure(value: int) -> None:
            pressures[channel] = value
            say()

        def button(value: int) -> None:
            pressed[channel] = bool(value)
            say()

        device.feeds[InputType.PRESSURE, feature] = pressure
        device.feeds[InputType.BUTTON, feature] = button

    sensors = [feature.index for feature in definition.features if InputType.PRESSURE in feature.inputs]
    for channel, feature in enumerate(sensors):
        feeds(channel, feature)
