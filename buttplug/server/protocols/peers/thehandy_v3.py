"""The Handy's answers."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.shared import protobuf
from buttplug.server.protocols.thehandy.v3 import BATTERY, CAPABILITIES

#: The hardware revision of the default model.
FIRST_REVISION = "hw0"

BATTERY_LEVEL = 85

#: The results of requests that have one: the battery state; one slider.
RESULTS = {
    BATTERY: protobuf.message(1, protobuf.number(1, BATTERY_LEVEL)),
    CAPABILITIES: protobuf.number(2, True) + protobuf.number(3, 1),
}


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Have the name of the hardware revision, and answer every request."""
    device.name = f"OHD_{definition.identifier or FIRST_REVISION}_A1B2C3"
    device.advertisement = BluetoothAdvertisement(name=device.name)

    def answer(packet: Packet) -> None:
        request = protobuf.fields(packet.data)[2]
        assert isinstance(request, bytes)
        content = protobuf.fields(request)
        id_, number = content.get(2, 0), max(content)
        assert isinstance(id_, int)
        result = protobuf.message(number, RESULTS[number]) if number in RESULTS else b""
        response = protobuf.number(1, id_) + result
        device.notify("rx", protobuf.number(1, 3) + protobuf.message(4, response))

    device.on_packet = answer
