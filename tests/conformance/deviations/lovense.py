"""Lovense."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation, replaced
from tests.conformance.orders import Order


class _RotateChange:
    """``RotateChange;`` before ``Rotate:speed;``. Recorded, it may have come with every negative speed and with no other."""

    FLIP = Packet(b"RotateChange;")

    def __init__(self, definition: DeviceDefinition) -> None:
        self._forward = True

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        speeds = [order.step for order in orders if order.command.output_type is OutputType.ROTATE and order.step]
        if len(speeds) != 1:
            return expected
        before, forward = self._forward, speeds[0] > 0
        self._forward = forward
        if (self.FLIP in expected) is forward:
            # Not as the defect has it.
            return expected
        rotate = [command for command in expected if isinstance(command, Packet) and command.data.startswith(b"Rotate:")]
        recorded = [*([] if forward else [self.FLIP]), *rotate]
        right = [*([] if forward is before else [self.FLIP]), *rotate]
        return replaced(expected, recorded, right)


class _StrokerSteps:
    """``FSetSite:place;``, at least 100 ms apart. Recorded, it goes on for longer, by steps that were rounded down."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._place = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if len(orders) != 1 or orders[0].command.output_type is not OutputType.POSITION_WITH_DURATION:
            return expected
        start, goal, duration = self._place, orders[0].step, orders[0].command.duration or 0
        self._place = goal
        way, turns = goal - start, max(duration // 100, 1)
        direction = 1 if way > 0 else -1
        stride = max(abs(way) // turns, 1) * direction
        steps = max(min(abs(way), turns), 1)
        recorded = [*range(start + stride, goal, stride), goal]
        right = [start + round(way * step / steps) for step in range(1, steps + 1)]
        return replaced(expected, _sites(recorded), _sites(right))


def _sites(places: Sequence[int]) -> list[Packet]:
    return [Packet(b"FSetSite:%d;" % place) for place in places]


DEVIATIONS = (
    Deviation("lovense", "a rotator is turned round when its direction changes, and only then", _RotateChange),
    Deviation("lovense", "a timed move takes its time: its steps are spread evenly, not truncated", _StrokerSteps),
)
