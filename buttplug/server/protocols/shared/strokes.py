"""How fast a stroker must go to be somewhere in time.

The strokers of Fleshlight, and those of Kiiroo after them, take a place and a speed instead of a place and a duration.
"""

from __future__ import annotations

#: The ends of the stroke are 0 and 99, and so are those of the speeds; devices ignore other values.
FULL_STROKE = 99
FULL_SPEED = 99


def speed_for(distance: int, duration: int) -> int:
    """Return the speed, 1 to 99, for a way of ``distance`` steps of a 0..99 stroke in ``duration`` ms; 0 for no way at all.

    The time for a full stroke falls with the speed to the power of 0.95, as measured on the Fleshlight Launch.
    """
    share = min(distance / FULL_STROKE, 1)
    if not share:
        return 0
    if not duration:
        return FULL_SPEED
    speed = 250 * (duration * 90 / (share * 100)) ** -1.05
    return min(max(int(speed * FULL_SPEED), 1), FULL_SPEED)
