"""A Galaku toy's answer."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.galaku import BATTERY

BATTERY_LEVEL = 85


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Answer the question for the battery level."""

    def answer(packet: Packet) -> None:
        if packet.data == BATTERY.data:
            device.notify("rxblebattery", bytes((BATTERY_LEVEL,)))

    device.on_packet = answer
