"""What a request is answered that is not done: a status, and JSON that says why."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from buttplug.core.enums import ErrorCode
from buttplug.core.errors import ButtplugError

#: What the classes of the protocol's errors are to a program that speaks HTTP.
STATUSES: Mapping[ErrorCode, HTTPStatus] = {
    ErrorCode.DEVICE: HTTPStatus.CONFLICT,
    ErrorCode.MSG: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class RestError(Exception):
    """A request is not done.

    Args:
        status: The status of the answer.
        message: A sentence for people.
        class_: The class of the error, as the protocol names it; of requests that are wrong in themselves, ``MSG``.
        device: The index of the device that it is about, where it is about one.
        feature: That of its feature.
        headers: What the answer has beside it.
    """

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        class_: ErrorCode = ErrorCode.MSG,
        device: int | None = None,
        feature: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: Mapping[str, str] = headers or {}
        self.body: Mapping[str, object] = {
            "error": {"class": class_.name, "message": message, "device": device, "feature": feature}
        }


def of_session(error: ButtplugError, device: int | None, feature: int | None) -> RestError:
    """Return the answer for what a session answered: a device that failed is 409, a server that cannot is 503."""
    status = STATUSES.get(error.code, HTTPStatus.SERVICE_UNAVAILABLE)
    return RestError(status, error.message, class_=error.code, device=device, feature=feature)


def not_found(message: str, device: int | None = None, feature: int | None = None) -> RestError:
    """Return the answer where a device, a feature, an output or an input does not exist."""
    return RestError(HTTPStatus.NOT_FOUND, message, class_=ErrorCode.DEVICE, device=device, feature=feature)


def unusable(message: str, device: int | None = None, feature: int | None = None) -> RestError:
    """Return the answer where something in the path or the query cannot be used."""
    return RestError(HTTPStatus.UNPROCESSABLE_ENTITY, message, device=device, feature=feature)
