"""What a program asks of an output."""

from __future__ import annotations

from dataclasses import dataclass

from buttplug.core.enums import OutputType

#: A float is a share of the output's range (-1.0 to 1.0), an int one of its steps.
CommandValue = float | int


@dataclass(frozen=True)
class DeviceOutputCommand:
    """A value for one type of output.

    Attributes:
        output_type: What is to be done.
        value: How strong or how far: a float from -1.0 to 1.0 is a share of the range, an int a step in it. Values below
            zero are for outputs with two directions.
        duration: For :attr:`OutputType.POSITION_WITH_DURATION`, the milliseconds the move takes, 0 or more; None is 0. It is
            moved into the range that the feature allows. Other outputs ignore it.
    """

    output_type: OutputType
    value: CommandValue
    duration: int | None = None
