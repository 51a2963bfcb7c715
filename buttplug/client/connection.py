"""One connection to a server: requests and their replies, their time limit, and the pings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TypeAlias, TypeVar

from msgspec import Struct

from buttplug.client.connector import Connector
from buttplug.core.codec import Malformed
from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugError,
    ButtplugMessageError,
    error_from_code,
)
from buttplug.core.messages import U32_MAX, ClientMessage, Error, Ok, ServerMessage, StopCmd

logger = logging.getLogger(__name__)

#: Seconds that closing waits for the server to say that all devices were stopped.
STOP_LIMIT = 2.0

Reply = TypeVar("Reply", bound=ServerMessage)
#: What came of a request: what the server sent, or why it sent nothing.
Answer: TypeAlias = ServerMessage | Malformed | ButtplugError


class Subject(Struct, frozen=True):
    """The device, or the feature of one, that a request is about, for errors."""

    device_index: int
    device_name: str
    feature_index: int | None = None
    feature_description: str = ""

    def __str__(self) -> str:
        device = f'device {self.device_index} "{self.device_name}"'
        if self.feature_index is None:
            return device
        description = f' "{self.feature_description}"' if self.feature_description else ""
        return f"{device}, feature {self.feature_index}{description}"


class Request(Struct, eq=False):
    """A message that was sent and what it was answered.

    ``on_reply`` is called with the reply in the order of arrival: before any later message of the server is looked at.
    """

    message: ClientMessage
    subject: Subject | None
    answer: asyncio.Future[Answer]
    deadline: float
    on_reply: Callable[[ServerMessage], None] | None

    def __str__(self) -> str:
        name = type(self.message).__name__
        return f"{name} for {self.subject}" if self.subject else name

    def resolve(self, answer: Answer) -> None:
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
        text = answer.error_message
        if self.subject and self.subject.device_name not in text:
            text = f"{text} ({self.subject})"
        return error_from_code(answer.error_code, text)


class Connection:
    """A connector in use, from :meth:`connect` to :meth:`close` or to its loss.

    ``on_event`` gets every message that is no reply, ``on_lost`` the reason when the connection ends by itself, and ``report``
    the errors that no call can raise.
    """

    def __init__(
        self,
        connector: Connector,
        *,
        timeout: float,
        on_event: Callable[[ServerMessage | Malformed], None],
        on_lost: Callable[[str], None],
        report: Callable[[Exception], None],
    ) -> None:
        self.open = False
        self.report = report
        self._connector = connector
        self._timeout = timeout
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._last_id = 0
        # In the order they were sent, which is that of their deadlines: one timer serves them all.
        self._pending: dict[int, Request] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            ButtplugConnectorError: It could not be made.
        """
        await self._connector.connect(self._received, self._lost)
        self.open = not self._closed

    def next_id(self) -> int:
        """Return an id for a new message that no pending request has."""
        while True:
            self._last_id = self._last_id % U32_MAX + 1
            if self._last_id not in self._pending:
                return self._last_id

    async def begin(
        self,
        message: ClientMessage,
        subject: Subject | None = None,
        on_reply: Callable[[ServerMessage], None] | None = None,
    ) -> Request:
        """Send a message, and return what :meth:`finish` waits for.

        Raises:
            ButtplugConnectorError: There is no connection.
        """
        if not self.open:
            raise ButtplugConnectorError("Not connected")
        return await self._begin(message, subject, on_reply)

    async def _begin(
        self,
        message: ClientMessage,
        subject: Subject | None = None,
        on_reply: Callable[[ServerMessage], None] | None = None,
    ) -> Request:
        request = Request(message, subject, self._loop.create_future(), self._loop.time() + self._timeout, on_reply)
        self._pending[message.id] = request
        if self._timer is None:
            self._timer = self._loop.call_at(request.deadline, self._expire)
        try:
            await self._connector.send(message)
        except BaseException:
            self._pending.pop(message.id, None)
            raise
        return request

    async def finish(self, request: Request, reply: type[Reply]) -> Reply:
        """Wait for the reply to a request.

        Raises:
            ButtplugError: The server answered with an error, or with something else than ``reply``; the class says what.
            ButtplugConnectorError: No answer came in time, or the connection is gone.
        """
        if request.answer.done():
            # Where replies are made at once, a program that only sends would keep everything else from running.
            await asyncio.sleep(0)
        try:
            answer = await request.answer
        except asyncio.CancelledError:
            self._pending.pop(request.message.id, None)
            raise
        if isinstance(answer, reply):
            return answer
        raise request.failure(answer)

    async def request(
        self,
        message: ClientMessage,
        reply: type[Reply],
        subject: Subject | None = None,
        on_reply: Callable[[ServerMessage], None] | None = None,
    ) -> Reply:
        """Send a message and wait for its reply; raises what :meth:`begin` and :meth:`finish` raise."""
        return await self.finish(await self.begin(message, subject, on_reply), reply)

    async def stop_and_close(self, devices: Sequence[Subject]) -> list[ButtplugError]:
        """Stop devices, then close. From the stops on nothing else is sent.

        Returns:
            What went wrong with the stops. Closing goes on all the same: the server stops what a client drove that leaves.
        """
        self.open = False
        stops: list[Request] = []
        problems: list[ButtplugError] = []
        try:
            async with asyncio.timeout(STOP_LIMIT):
                for device in devices:
                    message = StopCmd(self.next_id(), device.device_index, inputs=True, outputs=True)
                    stops.append(await self._begin(message, device))
                for stop in stops:
                    try:
                        await self.finish(stop, Ok)
                    except ButtplugError as error:
                        problems.append(error)
        except TimeoutError:
            for device, stop in zip_longest(devices, stops):
                if stop is None or stop.answer.cancelled() or not stop.answer.done():
                    problems.append(ButtplugConnectorError(f"The server did not stop {device} within {STOP_LIMIT:g} s"))
        except ButtplugConnectorError as error:
            problems.append(error)
        finally:
            await self.close()
        return problems

    async def close(self) -> None:
        """Close the connection; what is pending fails."""
        if not self._closed:
            self._end("the client disconnected")
            await self._connector.disconnect()

    def _received(self, message: ServerMessage | Malformed) -> None:
        if self._closed:
            return
        request = self._pending.pop(message.id, None) if message.id else None
        if request is None:
            self._on_event(message)
            return
        if request.on_reply is not None and not isinstance(message, Malformed):
            request.on_reply(message)
        request.resolve(message)

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        for request in list(self._pending.values()):
            if request.deadline > now:
                self._timer = self._loop.call_at(request.deadline, self._expire)
                return
            del self._pending[request.message.id]
            request.resolve(ButtplugConnectorError(f"The server did not answer {request} within {self._timeout:g} s"))

    def _lost(self, reason: str) -> None:
        if not self._closed:
            self._end(reason)
            self._on_lost(reason)

    def _end(self, reason: str) -> None:
        self._closed = True
        self.open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for request in self._pending.values():
            request.resolve(ButtplugConnectorError(f"The connection ended before {request} was answered: {reason}"))
        self._pending.clear()
