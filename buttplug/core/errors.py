"""The errors of client and server, with the official Python client's names.

Each class belongs to one :class:`ErrorCode`, so that an error raised in the server reaches the client as that class.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Protocol

from buttplug.core.enums import ErrorCode


class ButtplugError(Exception):
    """Any error of this package. ``message`` is a sentence for people."""

    code: ClassVar[ErrorCode] = ErrorCode.UNKNOWN

    def __init__(self, message: str) -> None:
        self.message: str = message
        super().__init__(message)


class ButtplugConnectorError(ButtplugError):
    """The connection could not be made, or is gone."""


class ButtplugHandshakeError(ButtplugError):
    """Client and server could not agree to talk, or a message came at the wrong time."""

    code = ErrorCode.INIT


class ButtplugPingError(ButtplugError):
    """The client did not ping in time; its devices were stopped."""

    code = ErrorCode.PING


class ButtplugMessageError(ButtplugError):
    """A message could not be understood."""

    code = ErrorCode.MSG


class DeviceErrorReason(StrEnum):
    """Why a device did not do what was asked, for programs; the error's text is for people."""

    GONE = "gone"
    """The device is no longer connected."""
    NOT_FOUND = "not found"
    """No such device was connected in time."""
    NO_SUCH_FEATURE = "no such feature"
    """The device has no feature with this index."""
    NO_SUCH_OUTPUT = "no such output"
    """It has no such output, or the user disabled it."""
    NO_SUCH_INPUT = "no such input"
    """It has no such input, or the input cannot be read or subscribed to."""
    OUT_OF_RANGE = "out of range"
    """The value is outside the range of the output."""
    INVALID_VALUE = "invalid value"
    """The value or the duration is no number that an output takes."""
    WRITE_FAILED = "write failed"
    """The device was not written to: it may still do what it did before."""
    READ_FAILED = "read failed"
    """An input could not be read, subscribed to or unsubscribed from."""
    TIMED_OUT = "timed out"
    """The device did not answer or take a command in time."""
    OTHER = "other"
    """Anything else; the text says what."""


class AffectedDevice(Protocol):
    """The device that an error is about, as far as every device goes: the client's own object in errors that it raises."""

    @property
    def index(self) -> int:
        """The index of the device at the server."""

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def display_name(self) -> str | None:
        """The name that the user gave it, if any."""

    @property
    def connected(self) -> bool:
        """Whether it can be used."""

    async def stop(self, inputs: bool = True, outputs: bool = True) -> None:
        """Stop its outputs, and end the subscriptions to its inputs."""


class AffectedFeature(Protocol):
    """The feature that an error is about: the client's own object in errors that it raises."""

    @property
    def index(self) -> int:
        """The index of the feature in its device."""

    @property
    def description(self) -> str:
        """What the feature is, for people; may be empty."""

    async def stop(self) -> None:
        """Stop its outputs."""


class ButtplugDeviceError(ButtplugError):
    """A device is gone, cannot do what was asked, or failed to do it.

    Attributes:
        reason: Why, for programs to match on.
        device: The device, where there is one: the object that the client has for it. None in errors of the server.
        feature: Its feature, where the error is about one.
        errors: The error of each feature, where several failed at once; then the other attributes are those of the first.
    """

    code = ErrorCode.DEVICE

    def __init__(
        self,
        message: str,
        *,
        reason: DeviceErrorReason = DeviceErrorReason.OTHER,
        device: AffectedDevice | None = None,
        feature: AffectedFeature | None = None,
        errors: Sequence[ButtplugError] = (),
    ) -> None:
        super().__init__(message)
        self.reason: DeviceErrorReason = reason
        self.device: AffectedDevice | None = device
        self.feature: AffectedFeature | None = feature
        self.errors: tuple[ButtplugError, ...] = tuple(errors)


class ButtplugUnknownError(ButtplugError):
    """Anything else the server reports."""


_BY_CODE: dict[int, type[ButtplugError]] = {
    error.code: error for error in (ButtplugHandshakeError, ButtplugPingError, ButtplugMessageError, ButtplugDeviceError)
}


def error_from_code(code: int, message: str) -> ButtplugError:
    """Return the exception for an error message's code."""
    return _BY_CODE.get(code, ButtplugUnknownError)(message)
