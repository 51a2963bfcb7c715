"""A Lovense toy's answers."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.simulated.device import BATTERY
from buttplug.server.devices.definition import DeviceDefinition

#: A model that no configuration names.
UNNAMED = "YY"

#: Model and version that identify the two Flexers; all others have version 11.
FLEXERS = {"EI": "EI:2", "EI-FW3": "EI:3"}


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Answer ``DeviceType;`` and ``Battery;``, and all else with ``OK;``."""
    model = definition.identifier or UNNAMED
    answers = {
        b"DeviceType;": f"{FLEXERS.get(model, f'{model}:11')}:0082059AD3BD;".encode(),
    }

    def show_battery(percent: int) -> None:
        answers[b"Battery;"] = f"{percent};".encode()

    def answer(packet: Packet) -> None:
        device.notify("rx", answers.get(packet.data, b"OK;"))

    device.answer = answer
    device.show_battery = show_battery
    device.battery = BATTERY
