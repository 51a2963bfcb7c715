"""A Lelo toy whose power button is pressed as soon as it asks for that."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition

SECURITY = "whitelist"

NOT_PAIRED = bytes(8)
PAIRED = b"\x01".ljust(8, b"\x00")
PASSWORD = bytes.fromhex("11 22 33 44 55 66 77 88")


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Say the password, and that it is paired once that was written; be no F1s V3 with early firmware."""
    if definition.protocol == "lelo-harmony":
        device.endpoints = frozenset({"tx", "command", SECURITY})
    knows_password = False

    def tell(endpoint: str) -> None:
        nonlocal knows_password
        if endpoint != SECURITY:
            return
        if knows_password:
            device.notify(SECURITY, PAIRED)
            # For this connection only.
            knows_password = False
        else:
            device.notify(SECURITY, NOT_PAIRED)
            device.notify(SECURITY, PASSWORD)

    def take(packet: Packet) -> None:
        nonlocal knows_password
        if packet.endpoint == SECURITY:
            knows_password = packet.data == PASSWORD

    device.on_subscribe = tell
    device.answer = take
