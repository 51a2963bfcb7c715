"""An event loop with a network of its own: servers listen, clients connect, bytes travel, and no socket is opened."""

from __future__ import annotations

import asyncio
import itertools
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from tests.fakes.clock import VirtualTimeLoop

ADDRESS = ("127.0.0.1", 12345)
#: Bytes that the network keeps for a client that reads nothing.
KEPT = 1 << 12
#: Seconds that pass on the processor's clock from one look at it to the next: about 4 µs, of which all sums are exact.
LOOK_COST = 2.0**-18

Factory = Callable[[], asyncio.BaseProtocol]


class Peer:
    """The client's end of a connection. What the server sends comes to ``on_data``; ``on_end`` is called at its end."""

    def __init__(self, factory: Factory, loop: Network) -> None:
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_end: Callable[[], None] = lambda: None
        self.has_ended = False
        self.transport = Transport(self, loop)
        self.transport.protocol = factory()
        self._loop = loop
        loop.call_soon(self._arrive)

    def send(self, data: bytes) -> None:
        """Send bytes to the server."""
        if not self.has_ended:
            self.transport.incoming += data
            self._loop.call_soon(self.transport.deliver)

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self.transport.peer_is_done = True
        self._loop.call_soon(self.transport.deliver)

    def reset(self) -> None:
        """End the connection as the death of a program does."""
        self.transport.peer_is_done = True
        self.transport.incoming.clear()
        self.transport.end(ConnectionResetError("the client is dead"))

    def read(self, *, reads: bool) -> None:
        """Go on reading, or read nothing from now on."""
        self.transport.is_read = reads
        if reads:
            self.transport.flush()

    def _arrive(self) -> None:
        if not self.has_ended:
            self.transport.get_protocol().connection_made(self.transport)
            self.transport.is_open = True
            self.transport.deliver()


class Transport(asyncio.Transport):
    """The server's end of a connection, and its socket: one of no family, on which nothing can be set."""

    family = None

    def __init__(self, peer: Peer, loop: Network) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ADDRESS, "socket": self})
        self.incoming = bytearray()
        self.is_read = True
        self.is_open = False
        self.peer_is_done = False
        self.protocol: asyncio.BaseProtocol | None = None
        self._peer = peer
        self._loop = loop
        self._outgoing = bytearray()
        self._is_paused = False
        self._has_paused_writing = False
        self._eof_was_told = False
        self._has_written_eof = False
        self._is_closing = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def deliver(self) -> None:
        """Hand what has arrived to the server, unless it reads nothing now."""
        protocol = self.protocol
        assert isinstance(protocol, asyncio.Protocol | asyncio.BufferedProtocol)
        while self.incoming and self.is_open and not self._is_paused and not self._is_closing:
            if isinstance(protocol, asyncio.BufferedProtocol):
                buffer = memoryview(protocol.get_buffer(len(self.incoming)))
                size = min(len(buffer), len(self.incoming))
                buffer[:size] = self.incoming[:size]
                del self.incoming[:size]
                protocol.buffer_updated(size)
            else:
                data = bytes(self.incoming)
                self.incoming.clear()
                protocol.data_received(data)
        is_done = self.peer_is_done and self.is_open and not (self.incoming or self._is_paused or self._is_closing)
        if is_done and not self._eof_was_told:
            self._eof_was_told = True
            if not protocol.eof_received():
                self.close()

    def flush(self) -> None:
        """Hand what was sent to the client, if it reads."""
        if self._outgoing and self.is_read and not self._peer.has_ended:
            data = bytes(self._outgoing)
            self._outgoing.clear()
            self._loop.call_soon(self._peer.on_data, data)
        if self._has_paused_writing and len(self._outgoing) <= KEPT:
            self._has_paused_writing = False
            self.get_protocol().resume_writing()
        if self._is_closing and not self._outgoing:
            self.end(None)

    def end(self, error: Exception | None) -> None:
        """End the connection, for both."""
        if self._peer.has_ended:
            return
        self._peer.has_ended = self._is_closing = True
        self._outgoing.clear()
        self._loop.call_soon(self._peer.on_end)
        self._loop.open_transports.discard(self)
        if self.is_open:
            self._loop.call_soon(self.get_protocol().connection_lost, error)

    # asyncio's interface

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._has_written_eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._is_closing:
            return
        self._outgoing += data
        self.flush()
        if len(self._outgoing) > KEPT and not self._has_paused_writing:
            self._has_paused_writing = True
            self.get_protocol().pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self._outgoing)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Keep the limits of this network."""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._has_written_eof = True
        self._loop.call_soon(self._peer.on_end)

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._loop.call_soon(self.deliver)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        self.flush()

    def abort(self) -> None:
        self.end(None)


class Network(VirtualTimeLoop):
    """Listens without sockets: on one address."""

    def __init__(self) -> None:
        super().__init__()
        self.open_transports: set[Transport] = set()
        self.listening: _Listening | None = None

    async def create_server(self, factory: Factory, *args: Any, **options: Any) -> asyncio.Server:  # type: ignore[override]
        self.listening = _Listening(factory, self)
        return cast(asyncio.Server, self.listening)

    def arrive(self) -> Peer | None:
        """Connect to who listens; None where nobody does."""
        if self.listening is None:
            return None
        peer = Peer(self.listening.factory, self)
        self.open_transports.add(peer.transport)
        return peer


class _Listening:
    """What asyncio calls a server."""

    def __init__(self, factory: Factory, loop: Network) -> None:
        self.factory = factory
        self.sockets = (_Socket(),)
        self._loop = loop

    def is_serving(self) -> bool:
        return self._loop.listening is self

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def close(self) -> None:
        if self._loop.listening is self:
            self._loop.listening = None

    async def wait_closed(self) -> None:
        pass


class _Socket:
    family = 2

    def getsockname(self) -> tuple[str, int]:
        return ADDRESS

    def dup(self) -> _Socket:
        return self

    def listen(self, backlog: int) -> None:
        pass

    def __enter__(self) -> _Socket:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class _ProcessorClock:
    """The module ``time`` where nothing takes long: every look at the clock costs the same."""

    def __init__(self) -> None:
        looks = itertools.count()
        self.perf_counter = lambda: next(looks) * LOOK_COST
        self.thread_time = lambda: next(looks) * LOOK_COST

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class _Poll:
    """The module ``select`` for connections of this network, as far as a server uses it."""

    POLLRDHUP = 0x2000

    def poll(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return _Poll()
        return [(0, self.POLLRDHUP)] if self._transport.peer_is_done else []

    def register(self, transport: Transport, events: int) -> None:
        self._transport = transport


@contextmanager
def no_other_clock() -> Iterator[None]:
    """Have the server see no clock but the event loop's, and no sockets: what happens then depends on the schedule alone."""
    with pytest.MonkeyPatch.context() as patch:
        clock, poll = _ProcessorClock(), _Poll()
        for name, module in list(sys.modules.items()):
            if name.startswith(("buttplug.server.", "buttplug.core.listening.")):
                if getattr(module, "time", None) is time:
                    patch.setattr(module, "time", clock)
                if getattr(module, "select", None) is select:
                    patch.setattr(module, "select", poll)
        yield
