"""The Handy's answers."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.simulated.device import BATTERY as BATTERY_SHARE
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.shared import protobuf
from buttplug.server.protocols.thehandy.v3 import BATTERY, CAPABILITIES

#: The hardware revision of the default model.
FIRST_REVISION = "hw0"

#: It has one slider.
ABILITIES = protobuf.number(2, True) + protobuf.number(3, 1)


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the name of the hardware revision, and answer every request."""
    results = {CAPABILITIES: ABILITIES}
    device.name = f"OHD_{definition.identifier or FIRST_REVISION}_A1B2C3"
    device.advertisement = BluetoothAdvertisement(name=device.name)

    def answer(packet: Packet) -> None:
        request = protobuf.fields(packet.data)[2]
        assert isinstance(request, bytes)
        content = protobuf.fields(request)
        id_, number = content.get(2, 0), max(content)
        assert isinstance(id_, int)
        result = protobuf.message(number, results[number]) if number in results else b""
        response = protobuf.number(1, id_) + result
        device.notify("rx", protobuf.number(1, 3) + protobuf.message(4, response))

    def show_battery(percent: int) -> None:
        results[BATTERY] = protobuf.message(1, protobuf.number(1, percent))

    device.answer = answer
    device.show_battery = show_battery
    device.battery = BATTERY_SHARE
