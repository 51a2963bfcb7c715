"""An HTTP GET with one time limit for all of it, which leaves no connection open when it is cancelled."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from contextlib import suppress
from io import BytesIO
from urllib.parse import urlsplit

from msgspec import Struct

from buttplug.hardware.errors import HardwareError, HardwareTimeoutError

_NO_HTTP = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, http.client.HTTPException)

#: Most bytes of an answer.
SIZE_LIMIT = 1 << 20


class Answer(Struct, frozen=True):
    """What a server answered."""

    status: int
    body: bytes


class _Received:
    """Bytes in the shape of the socket that the standard library's parser reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._data)


async def get(url: str, limit: float) -> Answer:
    """Return the answer to a GET request, whatever its status. No proxy is asked and no redirection followed.

    Raises:
        HardwareTimeoutError: There was none within ``limit`` seconds.
        HardwareError: There is no server, or it does not speak proper HTTP.
    """
    parts = urlsplit(url)
    server = f"{parts.scheme}://{parts.netloc}"
    try:
        async with asyncio.timeout(limit):
            context = await asyncio.to_thread(ssl.create_default_context) if parts.scheme == "https" else None
            port = parts.port or (443 if context else 80)
            reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context, limit=SIZE_LIMIT)
            try:
                target = parts.path + (f"?{parts.query}" if parts.query else "")
                writer.write(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode("ascii"))
                return _parsed(await _received(reader))
            finally:
                # What was to be received was; how the connection ends is of no interest.
                writer.transport.abort()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise HardwareTimeoutError(f"{server} did not answer within {limit:g} s") from None
    except OSError as error:
        raise HardwareError(f"{server} cannot be reached: {error}") from error
    except (*_NO_HTTP, OverflowError, ValueError) as error:
        raise HardwareError(f"{server} gave an answer that cannot be used: {error!r}") from error


async def _received(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    headers = http.client.parse_headers(BytesIO(head[head.index(b"\r\n") + 2 :]))
    length = headers.get("Content-Length")
    # Without a length the end of the connection is the end of the body.
    wanted = SIZE_LIMIT if length is None else min(int(length), SIZE_LIMIT)
    body = bytearray()
    while len(body) < wanted and (data := await reader.read(wanted - len(body))):
        body += data
    return head + body


def _parsed(data: bytes) -> Answer:
    response = http.client.HTTPResponse(_Received(data))  # type: ignore[arg-type]  # it only ever calls makefile
    response.begin()
    return Answer(response.status, response.read())
