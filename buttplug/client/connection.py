"""One connection to a server: requests and their replies, their time limit, and the ways in which it can end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from buttplug.client.connector import Connector
from buttplug.client.request import OnReply, Request
from buttplug.client.subject import Subject
from buttplug.core.codec import Malformed
from buttplug.core.enums import ErrorCode
from buttplug.core.errors import ButtplugConnectorError, ButtplugError, error_from_code
from buttplug.core.log import logger_of
from buttplug.core.messages import U32_MAX, ClientMessage, Error, Ok, RequestServerInfo, ServerMessage

logger: logging.Logger = logger_of(__name__)

Reply = TypeVar("Reply", bound=ServerMessage)


class Connection:
    """A connector in use, from :meth:`connect` to its one end: :meth:`close`, :meth:`fail`, or a loss.

    Whichever it is, what is pending fails at once, and only the first counts. A server ends the session by closing, but also
    by an error with the code for a missed ping, or one that denies that there is a session: it need not close then.

    Args:
        connector: What carries the messages.
        timeout: Seconds that a request may take.
        on_event: Gets every message that is no reply.
        on_lost: Gets the reason, and the error that led to it if there was one, when the connection ends other than by
            :meth:`close`.
    """

    def __init__(
        self,
        connector: Connector,
        *,
        timeout: float,
        on_event: Callable[[ServerMessage | Malformed], None],
        on_lost: Callable[[str, ButtplugError | None], None],
    ) -> None:
        self.open: bool = False
        self._connector = connector
        self._timeout = timeout
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._ended = False
        self._closing: asyncio.Task[None] | None = None
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
        self.open = not self._ended

    def next_id(self) -> int:
        """Return an id for a new message that no pending request has."""
        while True:
            self._last_id = self._last_id % U32_MAX + 1
            if self._last_id not in self._pending:
                return self._last_id

    async def begin(self, message: ClientMessage, subject: Subject | None = None, on_reply: OnReply | None = None) -> Request:
        """Send a message, and return what :meth:`finish` waits for.

        Raises:
            ButtplugConnectorError: There is no connection.
        """
        if not self.open:
            raise ButtplugConnectorError("Not connected")
        return await self.begin_last(message, subject, on_reply)

    async def begin_last(
        self, message: ClientMessage, subject: Subject | None = None, on_reply: OnReply | None = None
    ) -> Request:
        """Send a message as :meth:`begin` does, after :meth:`stop_accepting` too."""
        request = self._add(message, subject, on_reply)
        try:
            await self._connector.send(message)
        except BaseException:
            self._pending.pop(message.id, None)
            raise
        return request

    def _add(self, message: ClientMessage, subject: Subject | None, on_reply: OnReply | None) -> Request:
        request = Request(message, subject, self._loop.create_future(), self._loop.time() + self._timeout, on_reply)
        self._pending[message.id] = request
        if self._timer is None:
            self._timer = self._loop.call_at(request.deadline, self._expire)
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
        on_reply: OnReply | None = None,
    ) -> Reply:
        """Send a message and wait for its reply; raises what :meth:`begin` and :meth:`finish` raise."""
        if not self.open:
            raise ButtplugConnectorError("Not connected")
        request = self._add(message, subject, on_reply)
        try:
            await self._connector.send(message)
            if request.answer.done():
                await asyncio.sleep(0)  # As in `finish`: a coroutine for each part would be a tenth of what a command costs.
            answer = await request.answer
        except BaseException:
            self._pending.pop(message.id, None)
            raise
        if isinstance(answer, reply):
            return answer
        raise request.failure(answer)

    def stop_accepting(self) -> None:
        """Refuse requests from now on, because the client is about to close."""
        self.open = False

    async def close(self) -> None:
        """Close the connection; what is pending fails. After the end, wait until the closing that it began is over."""
        if self._end("the client disconnected"):
            await self._connector.disconnect()
        elif self._closing is not None:
            await self._closing

    def fail(self, error: ButtplugError) -> None:
        """End a connection that still stands, because the session on it is over; it is told like a loss."""
        if self._end(error.message):
            self._closing = self._loop.create_task(self._close_failed())
            self._on_lost(error.message, error)

    async def _close_failed(self) -> None:
        try:
            await self._connector.disconnect()
        except Exception:
            logger.exception("A connection whose session is over could not be closed")

    def _received(self, message: ServerMessage | Malformed) -> None:
        if self._ended:
            return
        request = self._pending.pop(message.id, None)
        if request is not None and request.on_reply is None and isinstance(message, Ok):
            request.resolve(message)
            return
        over = _end_of_session(message, request) if self.open and isinstance(message, Error) else None
        if request is not None:
            if request.on_reply is not None and not isinstance(message, Malformed):
                request.on_reply(message)
            request.resolve(message)
        elif over is None:
            self._on_event(message)
        if over is not None:
            self.fail(over)

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
        if self._end(reason):
            self._on_lost(reason, None)

    def _end(self, reason: str) -> bool:
        """End the connection as far as requests go; return False when that was done already."""
        if self._ended:
            return False
        self._ended = True
        self.open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for request in self._pending.values():
            request.resolve(ButtplugConnectorError(f"The connection ended before {request} was answered: {reason}"))
        self._pending.clear()
        return True


def _end_of_session(error: Error, request: Request | None) -> ButtplugError | None:
    """Return the error to tell when a server's error says that there is no session (any more)."""
    asked_for_it = request is not None and isinstance(request.message, RequestServerInfo)
    # The code for the handshake, as an answer to anything else: to the server this client has not shaken hands.
    denied = error.error_code == ErrorCode.INIT and error.id != 0 and not asked_for_it
    if error.error_code == ErrorCode.PING or denied:
        return error_from_code(error.error_code, error.error_message)
    return None
