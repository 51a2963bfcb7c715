"""What a command means, in any of the spellings that clients use.

Types are taken exactly, else without regard to case and underscores. ``RotateWithDirection`` and ``RotationWithDirection``
are signed ``Rotate``, ``PositionWithDuration`` is ``HwPositionWithDuration``, and ``Position`` may stand for ``Value`` in
positions.
"""

from __future__ import annotations

from msgspec import Struct

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugMessageError
from buttplug.core.messages import OutputArguments
from buttplug.core.text import printable


class WantedOutput(Struct, frozen=True):
    """An output type, its value in the shown range, and a duration in milliseconds."""

    type: OutputType
    value: int
    duration: int


def output_of(command: dict[str, OutputArguments]) -> WantedOutput:
    """Return what an OutputCmd's ``command`` asks for.

    Raises:
        ButtplugMessageError: It does not name one output type with its arguments.
        ButtplugDeviceError: No device has such an output type.
    """
    if len(command) != 1:
        raise ButtplugMessageError(f"Command must name one output type, not {len(command)}")
    ((word, arguments),) = command.items()
    # Here and below what costs more is not done for every command: calls, and looking up the member of an enum.
    type_ = _OUTPUTS.get(word) or output_type_of(word)
    value = arguments.value
    if value is None and type_.is_position:
        value = arguments.position
    if value is None:
        raise ButtplugMessageError(f"{printable(word)} needs a Value")
    if not isinstance(value, int):
        # Over a wire this is found earlier; from the same process anything may come.
        raise ButtplugMessageError(f"{printable(word)} needs a whole number as its Value")
    if type_.is_position and type_ is OutputType.POSITION_WITH_DURATION:
        if not isinstance(arguments.duration, int) or arguments.duration < 0:
            raise ButtplugMessageError(f"{printable(word)} needs a Duration of 0 ms or more")
        return WantedOutput(type_, value, arguments.duration)
    if arguments.clockwise is False and _fold(word) in _DIRECTED:
        value = -value
    return WantedOutput(type_, value, 0)


def output_type_of(word: str) -> OutputType:
    """Return the output type a word names.

    Raises:
        ButtplugDeviceError: None does.
    """
    type_ = _OUTPUTS.get(word) or _OUTPUTS.get(_fold(word))
    if type_ is None:
        raise ButtplugDeviceError(f'"{printable(word)}" is no output type')
    return type_


def input_of(word: str) -> InputType:
    """Return the input type a word names.

    Raises:
        ButtplugDeviceError: None does.
    """
    type_ = _INPUTS.get(_fold(word))
    if type_ is None:
        raise ButtplugDeviceError(f'"{printable(word)}" is no input type')
    return type_


def input_command_of(word: str) -> InputCommandType:
    """Return the input command a word names.

    Raises:
        ButtplugMessageError: None does.
    """
    command = _INPUT_COMMANDS.get(_fold(word))
    if command is None:
        raise ButtplugMessageError(f'"{printable(word)}" is no input command: use Read, Subscribe or Unsubscribe')
    return command


def _fold(word: str) -> str:
    return word.replace("_", "").lower()


_DIRECTED = {"rotatewithdirection", "rotationwithdirection"}
_OUTPUTS: dict[str, OutputType] = {type_.value: type_ for type_ in OutputType}
_OUTPUTS |= {_fold(type_.value): type_ for type_ in OutputType}
_OUTPUTS |= dict.fromkeys(_DIRECTED, OutputType.ROTATE) | {"positionwithduration": OutputType.POSITION_WITH_DURATION}
_INPUTS = {_fold(type_.value): type_ for type_ in InputType}
_INPUT_COMMANDS = {_fold(command.value): command for command in InputCommandType}
