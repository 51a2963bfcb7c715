"""Shares of a range, and the steps that they are."""

from __future__ import annotations

import math

#: A product this near to a whole step is that step: to floats 0.07 of 100 steps is more than 7, and 0.29 of them less than 29.
STEP_TOLERANCE = 1e-9


def step_of(share: float, high: int) -> int:
    """Return the step for a share of a range, rounded away from zero; ``high`` is the highest step."""
    steps = math.ceil(high * abs(share) - STEP_TOLERANCE)
    return steps if share > 0 else -steps
