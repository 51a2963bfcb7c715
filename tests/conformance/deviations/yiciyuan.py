"""Yiciyuan."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _LowestLevel:
    """``[35 12 level level level …]``. Recorded, values 1 and 2 are level 0."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._values: dict[int, int] = {}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        # Without an order it is a stop.
        self._values = self._values | {order.feature.index: order.step for order in orders} if orders else {}
        return [self._amend(command) for command in expected]

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or command.data[:2] != b"\x35\x12":
            return command
        data = bytearray(command.data)
        for feature, value in self._values.items():
            data[2 + feature] = max(data[2 + feature], value > 0)
        return replace(command, data=bytes(data))


DEVIATIONS = (Deviation("yiciyuan", "only 0 is off: values 1 and 2 are level 1", _LowestLevel),)
