"""ServeU: ``[01 place speed]``, the place 0..100.

======== ==========================
speed    steps of the way per second
======== ==========================
0        none: it halts
1..25    2 for each
26..200  4 for each beyond 25
201..250 25 for each beyond 200
======== ==========================
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.strokes import distance, longest_distance

STROKE = 100
FULL_SPEED = 250
HALT = 0

#: The last speed and the last steps per second of each part of the scale.
SCALE = ((0, 0), (25, 50), (200, 750), (FULL_SPEED, 2000))


class Serveu(Protocol):
    """A stroker."""

    halts = True

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (_packet(output, _speed(output)),)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return [_packet(output, HALT) for output in stopped if output.type.is_position]

    def travel_time(self, output: Output) -> int:
        return time_for(longest_distance(output, STROKE), _speed(output))


def _packet(output: Output, speed: int) -> Packet:
    return Packet(bytes((0x01, output.value, speed)))


def _speed(output: Output) -> int:
    return speed_for(distance(output, STROKE), output.duration)


def speed_for(steps: int, duration: int) -> int:
    """Return the speed, 0 to 250, for a way of ``steps`` in ``duration`` ms: the next higher one."""
    if not duration:
        return FULL_SPEED
    per_second = math.ceil(steps / (duration / 1000))
    for (speed, slow), (last, fast) in pairwise(SCALE):
        if per_second <= fast:
            return speed + math.ceil((per_second - slow) * (last - speed) / (fast - slow))
    return FULL_SPEED


def time_for(steps: int, speed: int) -> int:
    """Return how many milliseconds a way of ``steps`` takes at a speed, 0 to 250."""
    for (first, slow), (last, fast) in pairwise(SCALE):
        if first < speed <= last:
            return math.ceil(1000 * steps / (slow + (speed - first) * (fast - slow) / (last - first)))
    return 0
