"""A websocket connection that cannot harm others: it is read in small pieces, buffers little, and its end is seen at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from buttplug.core.listening.admission import MAX_STRANGER_BYTES, Admission
from buttplug.core.listening.turns import Turns

#: Bytes that are read of one connection in a turn of the event loop. Where these took long, since they were of very small
#: frames, only so few are read for some seconds.
READ_SIZE = 8192
SMALL_READ = 512
#: Seconds of work that are long for one read, and seconds after which larger ones are tried again.
LONG_READ = 0.0015
SMALL_READ_TIME = 5.0
#: Bytes from which on it counts how long a read takes.
COUNTED_READ = 256
#: Seconds a peer has for its closing hand-shake.
CLOSE_LIMIT = 0.25
#: Bytes that may wait for a peer which reads nothing; pongs are sent even to such a one.
MAX_UNREAD = 1 << 20


class WatchedConnection(Connection):
    """A connection whose end is told as soon as it is certain, whoever opened it.

    ``on_closing`` is called as soon as no more messages can come, which is before the connection is gone: the peer has sent a
    closing frame, has broken the protocol, or has closed its half.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_closing: Callable[[], None] = lambda: None
        self._closing = False
        self._timers: list[asyncio.TimerHandle] = []

    def send_data(self) -> None:
        """Write what the protocol has to say, which is called after all that may change its state."""
        super().send_data()
        if self.protocol.state in (State.CLOSING, State.CLOSED) and not self._closing:
            self._closing = True
            # Who keeps the connection open all the same is not waited for.
            self._call_later(CLOSE_LIMIT, self.transport.abort)
            self.on_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.on_closing()
        for timer in self._timers:
            timer.cancel()

    def _call_later(self, seconds: float, act: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        self._timers.append(loop.call_later(seconds, act))


class AcceptedConnection(WatchedConnection, ServerConnection, asyncio.BufferedProtocol):
    """A connection that somebody else has opened: a stranger, until it is admitted."""

    def __init__(self, *args: Any, admission: Admission, turns: Turns, **options: Any) -> None:
        super().__init__(*args, **options)
        self._admission = admission
        self._turns = turns
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._read_size = READ_SIZE
        #: Bytes that a stranger may still send; None once it has shaken hands.
        self._allowance: int | None = MAX_STRANGER_BYTES

    def admitted(self) -> None:
        """Note that the peer has shaken hands; a second time changes nothing."""
        if self._allowance is not None:
            self._allowance = None
            self._admission.left(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._admission.arrived(self, serve=self.transport.resume_reading, drop=self.transport.abort):
            self.transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[: self._read_size]

    def buffer_updated(self, nbytes: int) -> None:
        if self._allowance is not None:
            self._allowance -= nbytes
            if self._allowance < 0:
                self._cut_off(f"a connection sent more than {MAX_STRANGER_BYTES} bytes without a handshake and is cut off")
                return
        began = time.thread_time() if nbytes >= COUNTED_READ else 0.0
        self.data_received(bytes(self._buffer[:nbytes]))
        if began:
            self._give_way(time.thread_time() - began)
        if self.paused and self.transport.get_write_buffer_size() > MAX_UNREAD:
            self._cut_off(f"a connection has left {MAX_UNREAD} bytes unread and is cut off")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._admission.left(self)

    def _cut_off(self, warning: str) -> None:
        self._admission.warn(warning)
        self.transport.abort()

    def _give_way(self, used: float) -> None:
        """Read nothing for a while, after a read that took so long."""
        if used > LONG_READ:
            self._read_size = SMALL_READ
            self._call_later(SMALL_READ_TIME, self._read_more)
        if used >= self._turns.share() and (pause := self._turns.wait(self.id, used)):
            self.transport.pause_reading()
            self._call_later(pause, self._resume_reading)

    def _resume_reading(self) -> None:
        # Where its frames wait to be handled, it goes on when they were.
        if not self.recv_messages.paused:
            self.transport.resume_reading()

    def _read_more(self) -> None:
        self._read_size = READ_SIZE
