"""An HTTP GET by the standard library's client, on a thread, with limits for its time and its size.

The standard library is enough for a request a second: what it lacks, a limit for all the time and all the bytes of an answer,
is a few lines here, and a whole HTTP client of another package would still have to be held to both.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from buttplug.core.text import printable
from buttplug.hardware.common.threads import in_thread
from buttplug.hardware.errors import HardwareError, HardwareTimeoutError

#: Most bytes of an answer's body, and of all of an answer.
SIZE_LIMIT = 1 << 21
WHOLE_LIMIT = SIZE_LIMIT + (1 << 16)

#: Characters of an error that are told: it may hold what the other end sent.
SHOWN = 200


class Answer(Struct, frozen=True):
    """What a server answered."""

    status: int
    body: bytes


async def get(url: str, limit: float) -> Answer:
    """Return the answer to a GET request, whatever its status. No proxy is asked and no redirection followed.

    Where this is cancelled the connection ends at once; the server may have the request all the same.

    Raises:
        HardwareTimeoutError: There was none within ``limit`` seconds.
        HardwareError: There is no server, or it does not speak proper HTTP.
    """
    exchange = _Exchange(url, limit)
    try:
        return await in_thread(exchange.run, limit)
    except TimeoutError:
        raise HardwareTimeoutError(f"{exchange.server} did not answer within {limit:g} s") from None
    except OSError as error:
        raise HardwareError(f"{exchange.server} cannot be reached: {error}") from error
    except (http.client.HTTPException, OverflowError, ValueError) as error:
        reason = printable(repr(error), SHOWN)
        raise HardwareError(f"{exchange.server} gave an answer that cannot be used: {reason}") from error
    finally:
        exchange.end()


class _Exchange:
    """One request and its answer."""

    def __init__(self, url: str, limit: float) -> None:
        parts = urlsplit(url)
        self.server = f"{parts.scheme}://{parts.netloc}"
        self._target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._is_https = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._limit = limit
        self._socket: socket.socket | None = None
        self._has_ended = False

    def run(self) -> Answer:
        """Ask and return the answer; blocks."""
        if self._is_https:
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._limit, context=context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._limit)
        connection.response_class = _Response
        try:
            connection.connect()
            self._socket = connection.sock
            if self._has_ended:
                raise TimeoutError
            connection.request("GET", self._target, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read(SIZE_LIMIT)
            if response.length or response.read(1):
                raise ValueError(f"its body is longer than {SIZE_LIMIT} bytes, or shorter than it says")
            return Answer(response.status, body)
        finally:
            connection.close()

    def end(self) -> None:
        """Have what still waits on the thread end; to be called on another one."""
        self._has_ended = True
        if self._socket is not None:
            with suppress(OSError, ValueError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Response(http.client.HTTPResponse):
    """An answer of which not more than :data:`WHOLE_LIMIT` bytes are read, whatever it says of its length."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        assert self.fp is not None
        self.fp = io.BufferedReader(_Limited(self.fp))


class _Limited(io.RawIOBase):
    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._left = WHOLE_LIMIT

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            raise ValueError(f"it is longer than {WHOLE_LIMIT} bytes")
        count = self._source.readinto1(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        self._source.close()
        super().close()
