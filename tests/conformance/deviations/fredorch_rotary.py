"""Fredorch rotary machine."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

FASTER = Packet(bytes.fromhex("55 03 01 04 AA"))
SLOWER = Packet(bytes.fromhex("55 03 02 05 AA"))
STOP = Packet(bytes.fromhex("55 03 24 27 AA"))


class _Steps:
    """One packet for each step. Recorded, they came late, when a task of their own looked, or not at all."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._speed = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        speeds = [order.step for order in orders if order.command.output_type is OutputType.OSCILLATE]
        if STOP in expected:
            self._speed = 0
        if not speeds or not speeds[-1]:
            return expected
        way, self._speed = speeds[-1] - self._speed, speeds[-1]
        return [FASTER if way > 0 else SLOWER] * abs(way)


DEVIATIONS = (Deviation("fredorch-rotary", "the steps to a speed are sent with the command, all of them", _Steps),)
