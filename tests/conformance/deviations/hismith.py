"""Hismith."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _NoSpray:
    """``[CC 0B 01 0C]`` sprays. Recorded, it comes for 0 and with a stop, too."""

    SPRAY = bytes.fromhex("CC 0B 01 0C")

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if any(order.step for order in orders):
            return expected
        return [command for command in expected if not (isinstance(command, Packet) and command.data == self.SPRAY)]


DEVIATIONS = (Deviation("hismith-mini", "neither 0 nor a stop sprays", _NoSpray),)
