"""What is said over one websocket: frames in, messages to the session, and its end, from either side.

Here a client's messages are decoded, in the version it speaks, and nowhere else; its replies are encoded in its outbox.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from websockets.exceptions import ConnectionClosed

from buttplug.core.codec import Malformed
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.legacy.translator import Translator
from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.core.listening.turns import SMALLEST_SHARE, Turns
from buttplug.core.log import logger_of
from buttplug.core.messages import ClientMessage
from buttplug.core.text import printable
from buttplug.server.connection import SessionConnection
from buttplug.server.outbox import STALL_LIMIT
from buttplug.server.server import ButtplugServer
from buttplug.server.session import CloseCode, Session, State

logger: logging.Logger = logger_of(__name__)

#: Seconds between two looks for the end of a client that does not read its answers.
LOOK_INTERVAL = 0.02
#: Seconds that a message takes at most, on a slow machine.
LONG_MESSAGE = 0.003
#: Characters that a frame of blanks may have: it says nothing, as an empty one. A longer one is refused, since it takes time.
BLANK_LIMIT = 64
#: Bytes that the reason in a closing frame may have, and characters of what is logged of an end.
REASON_LIMIT = 123
REASON_SHOWN = 200


class Conversation:
    """One connection and its session."""

    def __init__(self, server: ButtplugServer, connection: SessionConnection, turns: Turns) -> None:
        self._server = server
        self._connection = connection
        self._turns = turns
        self._is_over = False
        self._translator = Translator(connection.outbox.send, server.devices.infos)

    async def run(self) -> None:
        """Read to the end; then stop what the client drove."""
        connection = self._connection
        try:
            session = self._server.open_session(self._translator.send, self._session_ended)
        except ButtplugConnectorError as error:
            self._server.warn_of_client(f"a client was refused: {error}")
            await self._close(CloseCode.SHUTDOWN, error.message)
            return
        connection.on_closing = session.stop_driving
        limit = None
        if connection.handshake_deadline is not None:
            limit = asyncio.get_running_loop().call_at(connection.handshake_deadline, self._handshake_missed, session)
        try:
            await self._read(session)
        except ConnectionClosed as end:
            # It holds a reason that the client chose.
            logger.debug("%s: %s", session.label, printable(str(end), REASON_SHOWN))
        except Exception:
            logger.exception("%s: its connection is given up", session.label)
            await session.close("the server failed")
            await self._close(CloseCode.INTERNAL_ERROR, "the server failed")
        finally:
            if limit is not None:
                limit.cancel()
            await session.close("its connection is gone")

    async def _read(self, session: Session) -> None:
        """Hand all messages to the session, and let others have their turn in between."""
        outbox = self._connection.outbox
        used = ended = 0.0
        handled = 0
        async for frame in self._connection:
            now = time.perf_counter()
            if now - ended > SMALLEST_SHARE:
                # It waited for this frame: others had their turn.
                used, handled = 0.0, 0
            began = now - used
            for message in self._messages(frame):
                # Behind the end nothing is answered: what is still to be sent before the closing would never be all sent.
                if message is not None and not self._is_over:
                    session.receive(message)
                handled += 1
                used = time.perf_counter() - began
                if not outbox.is_full and (used < SMALLEST_SHARE or used < self._turns.share()):
                    continue
                self._admit_client(session)
                # What devices and answers do in this turn counts as this client's work, too; the time that the system gave to
                # other programs does not.
                await asyncio.sleep(0)
                if pause := self._turns.wait(self._connection.id, min(time.perf_counter() - began, handled * LONG_MESSAGE)):
                    await asyncio.sleep(pause)
                while outbox.is_full:
                    self._stop_if_peer_is_done(session)
                    await outbox.emptied(LOOK_INTERVAL)
                self._stop_if_peer_is_done(session)
                used, handled, began = 0.0, 0, time.perf_counter()
            ended = began + used
            self._admit_client(session)

    def _admit_client(self, session: Session) -> None:
        if session.state is State.CONNECTED:
            self._connection.admitted()

    def _stop_if_peer_is_done(self, session: Session) -> None:
        """Look for the end of a client that has more to be handled: it may have crashed, and nothing is read of it now."""
        if self._connection.peer_is_done():
            session.stop_driving()

    def _messages(self, frame: str | bytes) -> Iterable[ClientMessage | Malformed | None]:
        if isinstance(frame, bytes):
            return (Malformed("binary frames are not understood, send text"),)
        if not frame or (len(frame) <= BLANK_LIMIT and frame.isspace()):
            return ()
        return self._translator.read(frame)

    def _handshake_missed(self, session: Session) -> None:
        if session.state is State.WAITING:
            reason = f"no RequestServerInfo within {HANDSHAKE_LIMIT:g} s"
            self._server.run_to_end(session.end(CloseCode.REFUSED, reason))

    def _session_ended(self, code: CloseCode, reason: str) -> None:
        self._is_over = True
        self._server.run_to_end(self._close(code, reason))

    async def _close(self, code: CloseCode, reason: str) -> None:
        """Close the connection, behind what is still to be sent."""
        if not await self._connection.outbox.emptied(STALL_LIMIT):
            logger.debug("a client was not told all before the end: it reads too slowly")
        await self._connection.close(code.value, reason.encode()[:REASON_LIMIT].decode(errors="ignore"))
