"""A script: places over time, for one axis or several."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

#: The axis that every script has: up and down.
STROKE = "stroke"


class Action(Struct, frozen=True):
    """Where the part is at a time: ``at`` in seconds, ``position`` from 0.0 to 1.0."""

    at: float
    position: float


class Axis:
    """The actions of one axis, in the order of their times. Between two of them the part moves evenly."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self.actions: tuple[Action, ...] = tuple(actions)
        self._times = [action.at for action in self.actions]

    @property
    def duration(self) -> float:
        """When the last action is, in seconds."""
        return self._times[-1]

    def position(self, time: float) -> float:
        """Return where the part is at a time: before the first action and after the last one where that is."""
        index = bisect_right(self._times, time)
        if index == 0:
            return self.actions[0].position
        if index == len(self.actions):
            return self.actions[-1].position
        before, after = self.actions[index - 1], self.actions[index]
        share = (time - before.at) / (after.at - before.at)
        return before.position + (after.position - before.position) * share

    def next_action(self, time: float) -> Action | None:
        """Return the first action after a time; None after the last one."""
        index = bisect_right(self._times, time)
        return self.actions[index] if index < len(self.actions) else None

    def way(self, start: float, end: float) -> float:
        """Return how far the part moves between two times, to and fro added up: 1.0 is from one end to the other."""
        low, high = bisect_right(self._times, start), bisect_right(self._times, end)
        places = [self.position(start), *(action.position for action in self.actions[low:high]), self.position(end)]
        return sum(abs(after - before) for before, after in pairwise(places))


class Funscript:
    """A script.

    Attributes:
        axes: Its axes by name; ``stroke`` is there always, others are ``surge``, ``sway``, ``twist``, ``roll``, ``pitch``,
            ``vib`` and whatever the file names.
    """

    def __init__(self, axes: Mapping[str, Axis]) -> None:
        self.axes: dict[str, Axis] = dict(axes)

    def __repr__(self) -> str:
        axes = ", ".join(f"{name} ({len(axis.actions)} actions)" for name, axis in self.axes.items())
        return f"<Funscript of {self.duration:.1f} s: {axes}>"

    @property
    def duration(self) -> float:
        """When the last action is, in seconds."""
        return max(axis.duration for axis in self.axes.values())
