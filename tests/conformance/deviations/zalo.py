"""Zalo."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _StandingStill:
    """``[01 speed speed]``, or ``[02 01 01]`` to stop. Recorded, a motor at 0 is sent as 1 while the other runs."""

    STOP = b"\x02\x01\x01"

    def __init__(self, definition: DeviceDefinition) -> None:
        self._speeds = dict.fromkeys((feature.index for feature in definition.features), 0)

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if len(self._speeds) != 2 or not expected:
            return expected
        steps = {order.feature.index: order.step for order in orders} or dict.fromkeys(self._speeds, 0)
        self._speeds |= steps
        if not any(self._speeds.values()):
            return [Packet(self.STOP, response=True)]
        run = Packet(bytes((1, *self._speeds.values())), response=True)
        return [run] if all(steps.values()) else [Packet(self.STOP, response=True), run]


DEVIATIONS = (
    Deviation(
        "zalo", "a motor at 0 stands still while the other runs: 1, which was recorded for it, is a speed", _StandingStill
    ),
)
