"""What an axis of a script is to a feature: moves for what can move, and levels for all else."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from buttplug.client import DeviceFeature
from buttplug.client.command import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.funscript.script import Axis

#: The speed that is full strength for a vibrator: ways from end to end in a second.
FULL_SPEED = 5.0
#: The shortest time in seconds between two commands, and of a move.
SHORTEST_STEP = 0.05
#: Seconds that a part may take to where it should be, when nobody knows how far that is.
APPROACH = 0.5


class Step(Struct, frozen=True):
    """What to tell a feature now, and until when that holds, in seconds of the script."""

    command: DeviceOutputCommand
    until: float


class Track(Protocol):
    """One feature that follows one axis."""

    feature: DeviceFeature

    def step(self, time: float, speed: float, *, approach: bool) -> Step | None:
        """Return what to tell the feature at a time of the script; None when the script is over for it.

        ``speed`` is how many seconds of the script pass in a second. ``approach``: it is not known where the part is.
        """


class Moves:
    """A feature that moves as the script says."""

    def __init__(self, feature: DeviceFeature, axis: Axis) -> None:
        self.feature: DeviceFeature = feature
        self._axis = axis
        shortest, _ = feature.duration_range(OutputType.POSITION_WITH_DURATION) or (0, 0)
        self._shortest = max(SHORTEST_STEP, feature.device.message_timing_gap / 1000, shortest / 1000)

    def step(self, time: float, speed: float, *, approach: bool) -> Step | None:
        """Move to the next action that can be reached."""
        if self._axis.next_action(time) is None:
            return None
        if approach:
            end = time + max(APPROACH, self._shortest) * speed
            return self._move(time, end, self._axis.position(end), speed)
        action = self._axis.next_action(time + self._shortest * speed * 0.999)
        if action is None:
            return self._move(time, self._axis.duration, self._axis.actions[-1].position, speed)
        return self._move(time, action.at, action.position, speed)

    def _move(self, time: float, end: float, position: float, speed: float) -> Step:
        duration = round(max((end - time) / speed, self._shortest) * 1000)
        return Step(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, float(position), duration), end)


class Levels:
    """A feature that is as strong as the part would be fast; or as the axis says, where that is one of levels."""

    def __init__(self, feature: DeviceFeature, axis: Axis, output_type: OutputType, *, by_speed: bool) -> None:
        self.feature: DeviceFeature = feature
        self._axis = axis
        self._type = output_type
        self._by_speed = by_speed
        self._shortest = max(SHORTEST_STEP, feature.device.message_timing_gap / 1000)

    def step(self, time: float, speed: float, *, approach: bool) -> Step | None:
        """Be as strong as the script is fast until its next action."""
        action = self._axis.next_action(time + self._shortest * speed * 0.999)
        end = self._axis.duration if action is None else action.at
        if time >= self._axis.duration:
            return None
        if not self._by_speed:
            end = min(end, time + self._shortest * speed)
            return Step(DeviceOutputCommand(self._type, float(self._axis.position((time + end) / 2))), end)
        level = min(self._axis.way(time, end) / (end - time) * speed / FULL_SPEED, 1.0)
        return Step(DeviceOutputCommand(self._type, level), end)
