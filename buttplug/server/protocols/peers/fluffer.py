"""The device's side of a Fluffer's hand-shake."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.fluffer import COMPANY, KEY, KNOWN, MARK, MARK_SIZE, mark
from buttplug.server.protocols.shared import aes

ADVERTISED = bytes.fromhex("10 78 00 22 33 44")


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Advertise what a hand-shake is made with, and know a server by its mark; the default model needs no hand-shake."""
    if definition.identifier is None:
        return
    device.advertisement = BluetoothAdvertisement(name=device.name, manufacturer_data={COMPANY: ADVERTISED})

    def answer(packet: Packet) -> None:
        content = aes.decrypt(KEY, packet.data) or b""
        if content.startswith(MARK):
            random, shown = content[len(MARK) :][:MARK_SIZE], content[len(MARK) + MARK_SIZE :]
            known = shown == mark(random, ADVERTISED)
            device.notify("rx", aes.encrypt(KEY, KNOWN if known else b"\xa5\x01\x01\x01"))

    device.answer = answer
