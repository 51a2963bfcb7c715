"""TLS handshakes: each costs milliseconds of computing, so they are done one after the other, with pauses between them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable

#: The pause after a step of a handshake, of whichever connection, as a multiple of the time that it took.
PAUSE = 3.0


class TlsHandshakes:
    """The handshakes of all connections of a listener. Together they keep it busy for a quarter of the time.

    Args:
        context: What says the certificate.
        limit: Seconds that a connection has for its handshakes, that of TLS and the websocket's together.
    """

    def __init__(self, context: ssl.SSLContext, limit: float) -> None:
        self.context: ssl.SSLContext = context
        self.limit: float = limit
        self._steps: deque[Callable[[], None]] = deque()
        self._free_at = 0.0
        self._next: asyncio.TimerHandle | None = None

    def take_turn(self, step: Callable[[], None]) -> None:
        """Have a step of a handshake taken when it is its turn."""
        self._steps.append(step)
        if self._next is None:
            self._schedule()

    def _schedule(self) -> None:
        self._next = asyncio.get_running_loop().call_at(self._free_at, self._take_step)

    def _take_step(self) -> None:
        self._next = None
        began = time.thread_time()
        try:
            self._steps.popleft()()
        finally:
            used = time.thread_time() - began
            self._free_at = asyncio.get_running_loop().time() + PAUSE * used
            if self._steps:
                self._schedule()
