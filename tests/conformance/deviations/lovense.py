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
    """``FSetSite:place;``, at least 100 ms apart. Recorded, it goes on for longer, by steps that were rounded down.

    Of a move whose end was not waited for it depends on clocks which places were recorded, and in which step.
    """

    def __init__(self, definition: DeviceDefinition) -> None:
        self._recorded = self._place = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if any(order.command.output_type is OutputType.OSCILLATE and order.step for order in orders):
            # It begins the next move at the low end: where the stroke left it is not known.
            self._place = 0
        moves = [order for order in orders if order.command.output_type is OutputType.POSITION_WITH_DURATION]
        if len(moves) != 1:
            return [command for command in expected if not _is_site(command)]
        goal, duration = moves[0].step, moves[0].command.duration or 0
        start, from_ = self._place, self._recorded
        self._place = self._recorded = goal
        turns = max(duration // 100, 1)
        steps = max(min(abs(goal - start), turns), 1)
        right = [start + round((goal - start) * step / steps) for step in range(1, steps + 1)]
        if _was_not_waited_for(moves[0]):
            return _sites(right)
        stride = max(abs(goal - from_) // turns, 1) * (1 if goal > from_ else -1)
        return replaced(expected, _sites([*range(from_ + stride, goal, stride), goal]), _sites(right))


def _was_not_waited_for(move: Order) -> bool:
    """Whether a move is a recording's, which has whole steps of the range. Vectors have shares of it."""
    return isinstance(move.command.value, int)


def _is_site(command: Command) -> bool:
    return isinstance(command, Packet) and command.data.startswith(b"FSetSite:")


def _sites(places: Sequence[int]) -> list[Packet]:
    return [Packet(b"FSetSite:%d;" % place) for place in places]


DEVIATIONS = (
    Deviation("lovense", "a rotator is turned round when its direction changes, and only then", _RotateChange),
    Deviation("lovense", "a timed move takes its time: its steps are spread evenly, not truncated", _StrokerSteps),
)
