"""A message that was sent, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from buttplug.client.reasons import reason_of
from buttplug.client.subject import Subject
from buttplug.core.codec import Malformed
from buttplug.core.enums import ErrorCode
from buttplug.core.errors import ButtplugDeviceError, ButtplugError, ButtplugMessageError, DeviceErrorReason, error_from_code
from buttplug.core.messages import ClientMessage, Error, ServerMessage

#: What came of a request: what the server sent, or why it sent nothing.
Answer: TypeAlias = ServerMessage | Malformed | ButtplugError
#: Takes a reply in the order of arrival: before any later message of the server is looked at.
OnReply: TypeAlias = Callable[[ServerMessage], None]


class Request(Struct, eq=False):
    """A message that was sent, what it is about, and what it is answered."""

    message: ClientMessage
    subject: Subject | None
    answer: asyncio.Future[Answer]
    deadline: float
    on_reply: OnReply | None

    def __str__(self) -> str:
        name = type(self.message).__name__
        return f"{name} for {self.subject}" if self.subject else name

    def resolve(self, answer: Answer) -> None:
        """Let who waits go on with an answer; only the first counts."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def failure(self, answer: Answer) -> ButtplugError:
        """Return the error for an answer that is not the one wanted."""
        if isinstance(answer, ButtplugError):
            return answer
        if isinstance(answer, Malformed):
            return ButtplugMessageError(f"The server's answer to {self} cannot be read: {answer.reason}")
        if not isinstance(answer, Error):
            return ButtplugMessageError(f"The server answered {self} with {type(answer).__name__}")
        return self._error(answer)

    def _error(self, answer: Error) -> ButtplugError:
        subject, text = self.subject, answer.error_message
        if answer.error_code != ErrorCode.DEVICE:
            return error_from_code(answer.error_code, subject.added_to(text) if subject else text)
        if subject is None:
            return ButtplugDeviceError(text, reason=reason_of(text, self.message))
        gone = subject.presence.removed
        reason = DeviceErrorReason.GONE if gone else reason_of(subject.taken_out_of(text), self.message)
        return subject.error(subject.added_to(text), reason)
