"""The errors of client and server, with the official Python client's names.

Each class belongs to one :class:`ErrorCode`, so that an error raised in the server reaches the client as that class.
"""

from __future__ import annotations

from typing import ClassVar

from buttplug.core.enums import ErrorCode


class ButtplugError(Exception):
    """Any error of this package. ``message`` is a sentence for people."""

    code: ClassVar[ErrorCode] = ErrorCode.UNKNOWN

    def __init__(self, message: str) -> None:
        self.message = message
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


class ButtplugDeviceError(ButtplugError):
    """A device is gone, cannot do what was asked, or failed to do it."""

    code = ErrorCode.DEVICE


class ButtplugUnknownError(ButtplugError):
    """Anything else the server reports."""


_BY_CODE: dict[int, type[ButtplugError]] = {
    error.code: error for error in (ButtplugHandshakeError, ButtplugPingError, ButtplugMessageError, ButtplugDeviceError)
}


def error_from_code(code: int, message: str) -> ButtplugError:
    """Return the exception for an error message's code."""
    return _BY_CODE.get(code, ButtplugUnknownError)(message)
