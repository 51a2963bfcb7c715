"""The answers of Fredorch's machines."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

AWAKE = bytes.fromhex("00 01 00 01 01")


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Say something at once, and answer every packet with itself."""

    def answer(packet: Packet) -> None:
        device.notify("rx", packet.data)

    device.answer = answer
    device.on_subscribe = lambda endpoint: device.notify(endpoint, AWAKE)
