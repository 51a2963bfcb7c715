"""The words of the protocol, with the official Python client's names."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class OutputType(StrEnum):
    """What a feature can do. The values are the wire's spelling."""

    VIBRATE = "Vibrate"
    ROTATE = "Rotate"
    OSCILLATE = "Oscillate"
    CONSTRICT = "Constrict"
    SPRAY = "Spray"
    TEMPERATURE = "Temperature"
    LED = "Led"
    POSITION = "Position"
    POSITION_WITH_DURATION = "HwPositionWithDuration"

    # That of Enum is written in Python, and outputs are looked up by their type many times for each command.
    __hash__ = str.__hash__

    #: Whether a value is a place to go to, which has no zero, instead of a level.
    is_position: bool

    def __init__(self, word: str) -> None:
        self.is_position = word.endswith(("Position", "PositionWithDuration"))


class InputType(StrEnum):
    """What a feature can sense. The values are the wire's spelling."""

    BATTERY = "Battery"
    RSSI = "RSSI"
    PRESSURE = "Pressure"
    BUTTON = "Button"


class InputCommandType(StrEnum):
    """What can be asked of an input."""

    READ = "Read"
    SUBSCRIBE = "Subscribe"
    UNSUBSCRIBE = "Unsubscribe"


class ErrorCode(IntEnum):
    """The class of an error message."""

    UNKNOWN = 0
    INIT = 1
    PING = 2
    MSG = 3
    DEVICE = 4
