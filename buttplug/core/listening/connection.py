"""A websocket connection that cannot harm others: it is read in small pieces, buffers little, and its end is seen at once."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, cast

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.protocol import SEND_EOF, State

from buttplug.core.listening.admission import MAX_STRANGER_BYTES, Admission
from buttplug.core.listening.tls import TlsTransport
from buttplug.core.listening.turns import Turns

#: The most bytes that are read from one connection in a turn of the event loop.
READ_SIZE = 8192
#: The fewest: where frames are tiny, a larger read would hold the event loop for too long.
SMALLEST_READ = 64
#: Bytes that are read at a time from strangers and from apps that the server connects to.
SMALL_READ = 256
#: Seconds after which a read size that was reduced is doubled again.
GROW_INTERVAL = 1.0
#: Reads of fewer bytes are not timed, unless the read size is reduced.
COUNTED_READ = 128
#: Seconds a peer has for its closing hand-shake.
CLOSE_LIMIT = 0.25
#: How a request begins, in HTTP or TLS. What does not is not worth a turn.
BEGINNING = re.compile(rb"[A-Z]{1,16}(?: |$)|\x16(?:\x03|$)")
_REASON = b"This port takes websockets, and what came is no request for one.\n"
NO_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_REASON), _REASON)
)
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
        #: When they are due, and what cancels them.
        self._timers: list[tuple[float, asyncio.TimerHandle]] = []

    def send_data(self) -> None:
        """Write what the protocol has to send; websockets calls this after everything that may change the protocol's state.

        All of it is written in one piece, since a peer may cause thousands of pongs at once. Nothing is written to a
        connection that is gone, since asyncio would log each attempt.
        """
        writes = self.protocol.data_to_send()
        if not self.transport.is_closing():
            if data := b"".join(writes):
                self.transport.write(data)
            if writes[-1:] == [SEND_EOF]:
                self._send_eof()
        if self.protocol.state in (State.CLOSING, State.CLOSED) and not self._closing:
            self._closing = True
            # Who keeps the connection open all the same is not waited for.
            self._call_later(CLOSE_LIMIT, self.transport.abort)
            self.on_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.on_closing()
        self._cancel_timers()

    def _send_eof(self) -> None:
        if self.transport.can_write_eof():
            # The peer may be gone by now.
            with suppress(OSError, RuntimeError):
                self.transport.write_eof()
        else:
            self.transport.close()

    def _pause_reading_for(self, seconds: float) -> None:
        self.transport.pause_reading()
        self._call_later(seconds, self._resume_reading)

    def _resume_reading(self) -> None:
        # While received frames wait to be handled, websockets has paused reading, and resumes it itself.
        if not self.recv_messages.paused:
            self.transport.resume_reading()

    def _cancel_timers(self) -> None:
        for _, timer in self._timers:
            timer.cancel()

    def _call_later(self, seconds: float, act: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timers = [(due, timer) for due, timer in self._timers if due > now]
        self._timers.append((now + seconds, loop.call_later(seconds, act)))


class BufferedConnection(Protocol):
    """A connection that says into which buffer it is read, and so how much at a time."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for the next read."""

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what was read into it."""

    def eof_received(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class BufferedReading(asyncio.BufferedProtocol):
    """Stands between a transport and a connection that is read into a buffer.

    The connections of websockets are Protocols, and uvloop hands all that it has read to those, whatever else they are.
    """

    def __init__(self, connection: BufferedConnection) -> None:
        self._connection = connection

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._connection.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._connection.buffer_updated(nbytes)

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()


class AcceptedConnection(WatchedConnection, ServerConnection):
    """A connection that somebody else has opened: a stranger from the accept on, until it is admitted.

    Args:
        admission: Who of the listener's strangers is served, and when.
        turns: How the listener's clients share the event loop.
        tls: The context with the certificate; None without TLS.
        limit: Seconds for the TLS and websocket handshakes together; not used without TLS.
    """

    transport: asyncio.Transport

    def __init__(
        self,
        *args: Any,
        admission: Admission,
        turns: Turns,
        tls: ssl.SSLContext | None,
        limit: float,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._admission = admission
        self._turns = turns
        self._context = tls
        self._limit = limit
        self._tls: TlsTransport | None = None
        self._has_begun = False
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._read_size = READ_SIZE
        self._grows_at = 0.0
        #: Bytes that a stranger may still send; None once it has shaken hands.
        self._allowance: int | None = MAX_STRANGER_BYTES

    def admitted(self) -> None:
        """Note that the peer has shaken hands; a second time changes nothing."""
        if self._allowance is not None:
            self._allowance = None
            self._admission.left(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_protocol(BufferedReading(self))
        if self._context is None:
            self._begin()
        else:
            self.transport = self._tls = TlsTransport(
                self.transport,
                self._context,
                done=self._begin,
                failed=self._cut_off,
                read=self._read_tls,
                later=self._do_later,
            )
            self._call_later(self._limit, self._end_late_handshake)
        host, *_ = self.transport.get_extra_info("peername") or ("",)
        self._admission.arrived(self, host, self.transport.abort)
        if self.transport.get_extra_info("sockname") is None:
            # Some systems have no address for a connection that is gone already, and later code relies on one.
            self.transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for the next read."""
        return self._buffer[: self._read_size if self._allowance is None else SMALL_READ]

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what was read into it."""
        data = bytes(self._buffer[:nbytes])
        if self._allowance is None:
            self._receive(data)
            return
        if self._allowance == MAX_STRANGER_BYTES and not BEGINNING.match(data):
            if self._tls is None:
                # By TLS nothing can be said before its handshake.
                self.transport.write(NO_REQUEST)
            self._cut_off("a connection sent something else than a request and is cut off")
            return
        self._allowance -= nbytes
        if self._allowance < 0:
            self._cut_off(f"a connection sent more than {MAX_STRANGER_BYTES} bytes without a handshake and is cut off")
        else:
            # Only one read of a stranger waits to be handled at a time.
            self.transport.pause_reading()
            self._admission.said(self, partial(self._receive_of_stranger, data))

    def eof_received(self) -> None:
        if self._has_begun:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._has_begun:
            super().connection_lost(exc)
        self._cancel_timers()
        self._admission.left(self)

    def _receive(self, data: bytes) -> None:
        """Handle what has come."""
        if self._tls is not None:
            self._tls.receive(data)
        else:
            began = time.thread_time() if len(data) >= COUNTED_READ or self._read_size < READ_SIZE else 0.0
            self.data_received(data)
            self._has_read(len(data), time.thread_time() - began if began else 0.0)

    def _receive_of_stranger(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self._receive(data)
            self._resume_reading()

    def _do_later(self, piece: Callable[[], None]) -> None:
        if self._allowance is None:
            asyncio.get_running_loop().call_soon(piece)
        else:
            self._admission.said(self, piece)

    def _begin(self) -> None:
        """Begin with the websocket, at once or after the TLS handshake."""
        self._has_begun = True
        super().connection_made(self.transport)

    def _end_late_handshake(self) -> None:
        if not self._has_begun or self.protocol.state is State.CONNECTING:
            self.transport.abort()

    def _read_tls(self) -> None:
        """Handle the next piece of what has come by TLS."""
        assert self._tls is not None
        began = time.thread_time()
        try:
            data = self._tls.read(len(self.get_buffer(-1)))
        except ssl.SSLError as error:
            self.set_connection_exc(error)
            self.transport.abort()
            return
        if data:
            self.data_received(data)
        self._has_read(len(data), time.thread_time() - began)
        if self._tls.peer_is_done:
            self.eof_received()
            self.transport.close()

    def _has_read(self, nbytes: int, used: float) -> None:
        """Slow the peer down after a read that took ``used`` seconds (0: not timed), and cut it off if it reads nothing."""
        if used and self._allowance is None:
            self._give_way(nbytes, used)
        if self.paused and self.transport.get_write_buffer_size() > MAX_UNREAD:
            self._cut_off(f"a connection has left {MAX_UNREAD} bytes unread and is cut off")

    def _cut_off(self, warning: str) -> None:
        self._admission.warn(warning)
        self.transport.abort()

    def _give_way(self, nbytes: int, used: float) -> None:
        """Adapt the read size to the seconds that ``nbytes`` took, and pause reading where the client's share is used up."""
        now = time.perf_counter()
        if used > (longest := self._turns.longest_read()):
            self._read_size = max(int(nbytes * longest / used), SMALLEST_READ)
            self._grows_at = now + GROW_INTERVAL
        elif self._read_size < READ_SIZE and now > self._grows_at:
            self._read_size = min(2 * self._read_size, READ_SIZE)
            self._grows_at = now + GROW_INTERVAL
        if pause := self._turns.wait(self.id, used):
            self._pause_reading_for(pause)

    def _resume_reading(self) -> None:
        if self._has_begun:
            super()._resume_reading()
        else:
            self.transport.resume_reading()
