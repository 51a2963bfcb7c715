"""How Kiiroo's strokers move: those of all generations as the Fleshlight Launch."""

from __future__ import annotations

from buttplug.server.protocols.base import Output
from buttplug.server.protocols.shared.strokes import FULL_STROKE, distance, longest_distance, speed_for, time_for


def speed_of(output: Output) -> int:
    """Return the speed of a move, 1 to 99."""
    return speed_for(distance(output, FULL_STROKE), output.duration)


def time_of(output: Output) -> int:
    """Return how many milliseconds a move takes, at most, at the speed it has."""
    return time_for(longest_distance(output, FULL_STROKE), speed_of(output))
