"""What is to be sent to one websocket client, in order, one message per frame."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from websockets.protocol import State

from buttplug.core.codec import encode, encode_once
from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceList, Reading, ServerMessage

if TYPE_CHECKING:
    from buttplug.server.connection import SessionConnection

logger: logging.Logger = logger_of(__name__)

#: Messages that are sent to one client in a turn of the event loop. They are written in one piece, because writing each by
#: itself costs more than all else.
MESSAGES_A_TURN = 16
#: Bytes after which no more are: lists of hundreds of devices are long.
BYTES_A_TURN = 1 << 16
#: Messages that wait for a client that reads slowly. From the first number on its readings are dropped, the oldest first; from
#: the second on nothing more is read from it until it has caught up.
READINGS_LIMIT = 256
BACKLOG_LIMIT = 1024
#: Seconds in which a client has to take something of what is sent to it. Pings do not tell: they wait behind it.
STALL_LIMIT = 5.0
#: Seconds after a write in which answers wait for the next turn of the event loop.
GATHERING_TIME = 0.0001


class Outbox:
    """Sends messages to one client, as fast as it reads and without holding up others."""

    def __init__(self, connection: SessionConnection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[ServerMessage] = deque()
        #: Whether the connection's buffer is full.
        self.paused: bool = False
        self._over = False
        self._written_at = -inf
        self._turn: asyncio.Handle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the client has to read before it is served further."""
        return len(self._waiting) > BACKLOG_LIMIT

    def send(self, message: ServerMessage) -> None:
        """Send an answer at once; right after a write, and events always, in the next turn of the event loop.

        What more is told in one turn then leaves in one piece.
        """
        if self._over or self._connection.transport.is_closing():
            return
        if len(self._waiting) >= READINGS_LIMIT and _is_event(message):
            self._drop_oldest_reading()
        if self._waiting and type(message) is DeviceList and self._supersedes_last(message):
            self._waiting.pop()
        self._waiting.append(message)
        is_first_answer = message.id and len(self._waiting) == 1 and not self.paused
        if is_first_answer and self._loop.time() - self._written_at > GATHERING_TIME:
            self._send_waiting()
        else:
            self._go_on_next_turn()

    async def emptied(self, seconds: float) -> bool:
        """Wait until everything was handed to the connection, or can no longer be; return whether that was in time."""
        if self._over or not self._waiting:
            return True
        if self._emptied is None:
            self._emptied = self._loop.create_future()
        done, _ = await asyncio.wait([self._emptied], timeout=seconds)
        return bool(done)

    def pause(self) -> None:
        """Send no more for now: what was sent fills the connection's buffer. Cut it off if it stays like that."""
        self.paused = True
        self._watch(None)

    def resume(self) -> None:
        """Go on."""
        self.paused = False
        if self._stalled is not None:
            self._stalled.cancel()
        self._go_on_next_turn()

    def close(self) -> None:
        """Drop what waits, and what is still to come."""
        self._over = True
        self._waiting.clear()
        for handle in (self._turn, self._stalled):
            if handle is not None:
                handle.cancel()
        self._tell_emptied()

    def _go_on_next_turn(self) -> None:
        if self._turn is None and self._waiting and not self.paused:
            self._turn = self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turn = None
        self._send_waiting()
        self._go_on_next_turn()

    def _send_waiting(self) -> None:
        try:
            self._write(self._frames_of_a_turn())
        except Exception:
            # What is told of a client that cannot be told anything more: its session ends with the connection.
            logger.exception("a message could not be sent; the connection is given up")
            self._connection.transport.abort()
        self._written_at = self._loop.time()
        if not self._waiting:
            self._tell_emptied()

    def _frames_of_a_turn(self) -> list[bytes]:
        frames: list[bytes] = []
        size = 0
        while self._waiting and len(frames) < MESSAGES_A_TURN and size < BYTES_A_TURN:
            message = self._waiting.popleft()
            frames.append(encode_once(message) if type(message) is DeviceList and not message.id else encode(message))
            size += len(frames[-1])
        return frames

    def _write(self, frames: Sequence[bytes]) -> None:
        """Hand frames to the connection, whose own ``send`` would need a task to wait in."""
        protocol = self._connection.protocol
        if protocol.state is State.OPEN:
            for frame in frames:
                protocol.send_text(frame)
            self._connection.send_data()

    def _tell_emptied(self) -> None:
        if self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)
        self._emptied = None

    def _watch(self, before: int | None) -> None:
        """Cut the connection when it holds as much as at the last look: the client reads nothing."""
        now = self._connection.transport.get_write_buffer_size()
        if before is not None and now >= before:
            self._connection.cut_off(f"a client has read nothing for {STALL_LIMIT:g} s and is cut off")
        else:
            self._stalled = self._loop.call_later(STALL_LIMIT, self._watch, now)

    def _supersedes_last(self, message: DeviceList) -> bool:
        """Whether a list of devices makes the last message that waits pointless: another one of the same turn."""
        last = self._waiting[-1]
        # What has waited for longer is sent: a device may have gone and come back since.
        in_this_turn = not self.paused and len(self._waiting) <= MESSAGES_A_TURN
        return in_this_turn and not message.id and type(last) is DeviceList and not last.id

    def _drop_oldest_reading(self) -> None:
        for position, message in enumerate(self._waiting):
            if _is_event(message):
                del self._waiting[position]
                return


def _is_event(message: ServerMessage) -> bool:
    """Whether a message is a reading that was subscribed to: of these only the newest count."""
    return isinstance(message, Reading) and not message.id
