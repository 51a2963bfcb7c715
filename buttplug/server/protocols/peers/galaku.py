"""A Galaku toy's answer."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.galaku import BATTERY


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Answer the question for the battery level."""

    def answer(packet: Packet) -> None:
        if packet.data == BATTERY.data:
            device.notify("rxblebattery", bytes((round(device.battery * 100),)))

    device.answer = answer
