"""The HTTP server: where it listens, whom it lets in, and how it answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from buttplug.core.access import Access
from buttplug.core.enums import ErrorCode
from buttplug.core.listening.backlog import ACCEPTED_A_TURN
from buttplug.core.listening.opening import opened
from buttplug.core.log import logger_of
from buttplug.core.recent_warnings import RecentWarnings
from buttplug.core.text import printable
from buttplug.server.ports import LOOPBACK, listen_on, urls_of
from buttplug.server.rest.connection import Connections, RestConnection
from buttplug.server.rest.devices import RestDevices
from buttplug.server.rest.errors import RestError
from buttplug.server.rest.routes import BASE, Routes
from buttplug.server.rest.values import Query
from buttplug.server.server import ButtplugServer

logger: logging.Logger = logger_of(__name__)

#: Seconds that a body may still be read for when its request is answered: none is looked at.
LINGERING_TIME = 1.0
#: Seconds that closing waits for answers that are being sent.
CLOSE_LIMIT = 0.25
#: Programs for the engine scan by GET, which they should do no more: any page can make a browser send one.
DEPRECATED = {"Deprecation": "@1767225600"}
#: What a browser says of requests that a page of another site has it make, be it without an Origin.
FOREIGN = "cross-site"
ALWAYS = {"Server": "buttplug-server", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: Characters of a path that are logged.
SHOWN = 200
STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}


class RestListener:
    """Serves a server's devices over HTTP, to programs and pages of this machine.

    Args:
        server: The server.
        port: 0 for any free one.
        allow_origins: Origins of web pages that may send requests, beside those that this machine serves.
        token: What every request has to show, in the URL (``?token=…``) or as ``Authorization: Bearer …``.
    """

    def __init__(
        self, server: ButtplugServer, *, port: int, allow_origins: Collection[str] = (), token: str | None = None
    ) -> None:
        self._port = port
        self._access = Access(allow_origins=allow_origins, token=token)
        self._devices = RestDevices(server)
        self._routes = Routes(self._devices)
        self._connections = Connections()
        self._listeners: list[asyncio.Server] = []
        self._http: web.Server | None = None
        self._warnings = RecentWarnings(logger)

    @property
    def addresses(self) -> list[str]:
        """Where it can be reached, as URLs of what all paths begin with."""
        return [url + BASE for url in urls_of("http", self._listeners)]

    async def open(self) -> None:
        """Listen.

        Raises:
            PortInUseError: Something else listens there.
            ButtplugConnectorError: It is not possible for another reason.
        """
        self._http = web.Server(self._answer)
        self._listeners = await listen_on(LOOPBACK, self._port, self._listen, "--rest-api-port")
        for warning in self._access.warnings(LOOPBACK, tls=False):
            logger.warning("%s", warning)

    def stop_accepting(self) -> None:
        """Stop listening, and go on with the requests that are there."""
        for listener in self._listeners:
            listener.close()

    async def close(self) -> None:
        """Stop listening, end the session, and close what is still connected."""
        self.stop_accepting()
        await self._devices.close()
        if self._http is not None:
            await self._http.shutdown(CLOSE_LIMIT)
        self._connections.drop_all()

    async def _listen(self, host: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await opened(loop.create_server(self._connection, host, port, backlog=ACCEPTED_A_TURN))

    def _connection(self) -> RestConnection:
        assert self._http is not None
        return RestConnection(
            self._http,
            self._connections,
            _unreadable,
            loop=asyncio.get_running_loop(),
            lingering_time=LINGERING_TIME,
            keepalive_timeout=0,
            tcp_keepalive=False,
            # A body that nobody looks at is not unpacked: a small one may become gigabytes.
            auto_decompress=False,
            access_log=None,
            logger=logger,
        )

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, RestConnection)
        connection.began()
        headers = dict(ALWAYS)
        try:
            response = await self._respond(request, connection, headers)
        except RestError as error:
            response = _json(error.body, error.status, {**headers, **error.headers})
        except ConnectionError:
            raise
        except Exception as error:
            logger.exception("%s %s", request.method, printable(request.path, SHOWN))
            if request.writer.output_size:
                raise ConnectionError("an answer has begun, and there cannot be another one") from error
            failed = RestError(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"the server failed: {type(error).__name__}", class_=ErrorCode.UNKNOWN
            )
            response = _json(failed.body, failed.status, headers)
        finally:
            connection.ended()
        # The query may have the token.
        logger.debug("%s %s: %d", request.method, printable(request.path, SHOWN), response.status)
        response.force_close()
        return response

    async def _respond(
        self, request: web.BaseRequest, connection: RestConnection, headers: dict[str, str]
    ) -> web.StreamResponse:
        self._let_in(request, connection)
        origin = request.headers.get("Origin")
        if origin is not None:
            # It was let in: its page may read the answer, too.
            headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        path = _parts(request)
        query = Query(request.rel_url.query.items())
        if path == ["events"]:
            _require_method(request, ["GET"])
            query.require_only()
            return await self._stream(request, connection, headers)
        actions = self._routes.actions(path)
        _require_method(request, actions)
        if request.method == "GET" and "POST" in actions:
            if origin is not None:
                raise _wrong_method(["POST", "PUT"], "pages have to use POST for it")
            headers |= DEPRECATED
        answer = await actions[request.method](query)
        return web.Response(headers=headers) if answer is None else _json(answer, HTTPStatus.OK, headers)

    def _let_in(self, request: web.BaseRequest, connection: RestConnection) -> None:
        refusal = self._access.refusal(request.raw_path, _Headers(request), local_address=connection.local_address)
        if refusal is not None:
            self._warnings.warn(refusal.warning)
            raise RestError(refusal.status, refusal.answer, class_=ErrorCode.INIT)
        if "Origin" not in request.headers and request.headers.get("Sec-Fetch-Site") == FOREIGN:
            what = "a page of another site had a browser send a request that names no origin, and is refused"
            self._warnings.warn(what)
            raise RestError(HTTPStatus.FORBIDDEN, what, class_=ErrorCode.INIT)

    async def _stream(
        self, request: web.BaseRequest, connection: RestConnection, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        stream = self._devices.open_stream()
        connection.on_lost = stream.end
        if connection.is_half_closed:
            stream.end()
        response = web.StreamResponse(headers={**headers, **STREAM})
        response.force_close()
        try:
            await response.prepare(request)
            await stream.read(response.write)
            await response.write_eof()
        finally:
            self._devices.events.close(stream)
        return response


class _Headers:
    """The headers of a request, as the rules of access read them."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._headers = request.headers

    def get_all(self, name: str) -> Sequence[str]:
        return self._headers.getall(name, [])


def _parts(request: web.BaseRequest) -> list[str]:
    """Return the parts of a path below the base; a slash at its end does not matter."""
    path = request.raw_path.partition("?")[0].removesuffix("/")
    if not f"{path}/".startswith(f"{BASE}/"):
        raise RestError(
            HTTPStatus.NOT_FOUND, f"this is the REST interface of a Buttplug server; every path begins with {BASE}"
        )
    return [unquote(part) for part in path.removeprefix(BASE).split("/")[1:]]


def _require_method(request: web.BaseRequest, methods: Collection[str]) -> None:
    if request.method not in methods:
        raise _wrong_method(methods, f"{' or '.join(sorted(methods))} is the method for it")


def _wrong_method(methods: Collection[str], message: str) -> RestError:
    return RestError(HTTPStatus.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(sorted(methods))})


def _json(answer: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json", headers=headers)


def _unreadable(status: int, reason: str) -> web.StreamResponse:
    error = RestError(HTTPStatus(status), reason.splitlines()[0][:200])
    response = _json(error.body, error.status, ALWAYS)
    response.force_close()
    return response
