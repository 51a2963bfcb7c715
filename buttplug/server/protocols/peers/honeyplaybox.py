"""The device's side of a Honey Play Box's hand-shake."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.honeyplaybox import GRANTED, HAND_SHAKE, HEADER, TOKEN_SIZE, frame

TOKEN = bytes(range(TOKEN_SIZE))


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Give the token, in two portions, as it comes where packets are short."""

    def answer(packet: Packet) -> None:
        number, command = packet.data[len(HEADER)], packet.data[len(HEADER) + 2]
        if command == HAND_SHAKE:
            reply = frame(number, HAND_SHAKE, GRANTED + TOKEN)
            device.notify("rx", reply[:20])
            device.notify("rx", reply[20:])

    device.answer = answer
