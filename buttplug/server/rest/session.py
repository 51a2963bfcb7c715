"""The session that all requests share: to the server it is one client like any other.

It begins with the first request that needs it, and holds a place among the clients from then on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from buttplug.core.errors import ButtplugUnknownError, error_from_code
from buttplug.core.log import logger_of
from buttplug.core.messages import (
    SPEC_MAJOR,
    SPEC_MINOR,
    U32_MAX,
    ClientMessage,
    Error,
    Ok,
    Ping,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
)
from buttplug.server.server import ButtplugServer
from buttplug.server.session import CloseCode, Session

logger: logging.Logger = logger_of(__name__)

#: What the client is called.
CLIENT_NAME = "REST API"
#: Pings in the time in which the server wants one.
PINGS = 3

Reply = TypeVar("Reply", bound=ServerMessage)


class RestSession:
    """Sends messages of version 4, and gets their answers.

    Args:
        server: The server.
        on_event: Takes what the server says unasked.
        on_end: Takes the reason when the server ends the session. The next message begins a new one.
    """

    def __init__(
        self, server: ButtplugServer, on_event: Callable[[ServerMessage], None], on_end: Callable[[str], None]
    ) -> None:
        self._server = server
        self._on_event = on_event
        self._on_end = on_end
        self._session: Session | None = None
        self._waiting: dict[int, asyncio.Future[ServerMessage]] = {}
        self._last_id = 0
        self._ping: asyncio.TimerHandle | None = None

    @property
    def driver(self) -> Session | None:
        """Who drives what was asked for by requests, as devices know it; None where nothing was."""
        return self._session

    def begin(self) -> None:
        """Begin the session, where there is none.

        Raises:
            ButtplugHandshakeError: All places for clients are taken.
            ButtplugConnectorError: The server is not open.
        """
        if self._session is not None:
            return
        self._session = session = self._server.open_session(self._received, self._ended)
        answer = self._send(lambda id_: RequestServerInfo(id_, CLIENT_NAME, SPEC_MAJOR, SPEC_MINOR)).result()
        if isinstance(answer, Error):
            self._session = None
            self._server.run_to_end(session.close("it was refused"))
            raise error_from_code(answer.error_code, answer.error_message)
        if isinstance(answer, ServerInfo) and answer.max_ping_time:
            self._ping_every(answer.max_ping_time / 1000 / PINGS)

    def ask(self, message: Callable[[int], ClientMessage], kind: type[Reply]) -> asyncio.Future[Reply]:
        """Send what ``message`` makes of an id; it is with the server when this returns. The result is the answer.

        Raises:
            ButtplugHandshakeError: All places for clients are taken.
            ButtplugConnectorError: The server is not open.
            ButtplugError: From the result: what the server answered.
        """
        self.begin()
        result: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def done(answer: asyncio.Future[ServerMessage]) -> None:
            reply = answer.result()
            if result.done():
                return
            if isinstance(reply, kind):
                result.set_result(reply)
            elif isinstance(reply, Error):
                result.set_exception(error_from_code(reply.error_code, reply.error_message))
            else:
                result.set_exception(ButtplugUnknownError(f"the server answered with {type(reply).__name__}"))
            # Marks the error as seen: the caller may be gone, and asyncio would log an exception never retrieved.
            result.exception()

        self._send(message).add_done_callback(done)
        return result

    async def close(self) -> None:
        """End the session, which stops what it drives."""
        session, self._session = self._session, None
        self._end_ping()
        if session is not None:
            await session.close("the REST interface is closed")

    def _send(self, message: Callable[[int], ClientMessage]) -> asyncio.Future[ServerMessage]:
        assert self._session is not None
        self._last_id = self._last_id % U32_MAX + 1
        answer = self._waiting[self._last_id] = asyncio.get_running_loop().create_future()
        self._session.receive(message(self._last_id))
        return answer

    def _received(self, message: ServerMessage) -> None:
        answer = self._waiting.pop(message.id, None)
        if answer is not None:
            answer.set_result(message)
        elif message.id == 0:
            self._on_event(message)

    def _ended(self, code: CloseCode, reason: str) -> None:
        self._session = None
        self._end_ping()
        self._on_end(reason)

    def _ping_every(self, seconds: float) -> None:
        """Ping as long as there is a session: whether requests come is no matter of it."""

        def ping() -> None:
            self.ask(Ping, Ok).add_done_callback(overlook)
            self._ping_every(seconds)

        self._ping = asyncio.get_running_loop().call_later(seconds, ping)

    def _end_ping(self) -> None:
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None


def overlook(answer: asyncio.Future[Ok]) -> None:
    """Take note of an answer that changes nothing: a session that has ended tells it by itself."""
    if (error := answer.exception()) is not None:
        logger.debug("refused: %s", error)
