"""Sexverse."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _BothMotors:
    """``[A1 04 level motor]``. Recorded, motor 2 was told nothing."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._levels = {feature.index: 0 for feature in definition.features if feature.outputs}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if len(self._levels) < 2:
            return expected
        changed = {order.feature.index: order.step for order in orders} or dict.fromkeys(self._levels, 0)
        others = {feature: level for feature, level in self._levels.items() if level and feature not in changed}
        self._levels |= changed
        return [Packet(bytes((0xA1, 4, level, feature + 1)), response=True) for feature, level in (changed | others).items()]


DEVIATIONS = (
    Deviation("sexverse-v3", "a thruster is driven, stopped, and told its level again as the vibrator is", _BothMotors),
)
