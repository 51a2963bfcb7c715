"""From what a program asks for to what the server is told: steps in a range, and milliseconds."""

from __future__ import annotations

import math

from buttplug.client.command import CommandValue
from buttplug.client.subject import Subject
from buttplug.core.errors import DeviceErrorReason
from buttplug.core.messages import Range
from buttplug.core.steps import step_of


def checked_step(output_type: str, value: CommandValue, limits: Range, subject: Subject) -> int:
    """Return the step for a value in the range of an output.

    Raises:
        ButtplugDeviceError: The value is no number, or outside the range.
    """
    low, high = limits
    if isinstance(value, float):
        lowest = -1.0 if low < 0 else 0.0
        if not lowest <= value <= 1.0:
            text = f"{output_type} of {value} is outside {lowest} to 1.0: a float is a share of the range, an int is a step"
            raise subject.refusal(text, DeviceErrorReason.OUT_OF_RANGE)
        step = step_of(value, high)
    elif isinstance(value, int) and not isinstance(value, bool):
        step = value
    else:
        text = f"{output_type} takes a float (share of the range) or an int (step), not {value!r}"
        raise subject.refusal(text, DeviceErrorReason.INVALID_VALUE)
    if not low <= step <= high:
        text = f"{output_type} of {value} is outside its range of {low} to {high} steps; a float is a share of it: 0.5 is half"
        raise subject.refusal(text, DeviceErrorReason.OUT_OF_RANGE)
    return step


def clamped_duration(duration: float, limits: Range, subject: Subject) -> int:
    """Return a duration in milliseconds, moved into the range of an output.

    Raises:
        ButtplugDeviceError: It is no number, or less than 0.
    """
    is_number = isinstance(duration, int | float) and not isinstance(duration, bool)
    if not is_number or not 0 <= duration < math.inf:
        text = f"A duration is a number of milliseconds, 0 or more, not {duration!r}"
        raise subject.refusal(text, DeviceErrorReason.INVALID_VALUE)
    return min(max(round(duration), limits[0]), limits[1])
