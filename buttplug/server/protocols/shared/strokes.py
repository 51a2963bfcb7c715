"""How fast a stroker must go to be somewhere in time.

The strokers of Fleshlight, and those of Kiiroo after them, take a place and a speed instead of a place and a duration. A full
stroke takes 210 ms at full speed; the time falls with the speed to the power of 1 / 1.05, as measured on the Fleshlight
Launch.
"""

from __future__ import annotations

import math

from buttplug.server.protocols.base import Output

#: The ends of the stroke are 0 and 99, and so are those of the speeds; devices ignore other values.
FULL_STROKE = 99
FULL_SPEED = 99
#: At speed 0 a stroker may not move at all, so it is told no less than this.
LOWEST_SPEED = 1


def distance(output: Output, full: int) -> int:
    """Return how many of the ``full`` steps of its stroke a part has to go.

    From a place that is not known: as from the low end; to the low end, where nothing else can be said, the whole way.
    """
    if output.start is None:
        return output.value or full
    return abs(output.value - output.start)


def longest_distance(output: Output, full: int) -> int:
    """Return how many of the ``full`` steps of its stroke a part has to go at most."""
    return full if output.start is None else abs(output.value - output.start)


def speed_for(steps: int, duration: int) -> int:
    """Return the speed, 1 to 99, for a way of ``steps`` of a 0..99 stroke in ``duration`` ms."""
    share = min(steps / FULL_STROKE, 1)
    if not share:
        return LOWEST_SPEED
    if not duration:
        return FULL_SPEED
    speed = 250 * (duration * 90 / (share * 100)) ** -1.05
    return min(max(int(speed * FULL_SPEED), LOWEST_SPEED), FULL_SPEED)


def time_for(steps: int, speed: int) -> int:
    """Return how many milliseconds a way of ``steps`` of a 0..99 stroke takes at a speed, 1 to 99."""
    share = min(steps / FULL_STROKE, 1)
    return round(share * 100 / 90 * math.pow(speed / FULL_SPEED / 250, -1 / 1.05))
