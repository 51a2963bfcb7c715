"""A house that is served over HTTP, and a client that sends requests byte by byte, without an HTTP library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from buttplug.server.rest.listener import RestListener
from tests.server.conftest import BuildHouse, House


class Answer(NamedTuple):
    """What a request was answered; ``body`` is its JSON, None where there is none."""

    status: int
    headers: dict[str, str]
    body: Any


class Reader:
    """A stream of events, as a program reads it."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.last_id = 0

    async def next(self) -> dict[str, Any]:
        """Return the next event, whose id is higher than the one before."""
        async with asyncio.timeout(5):
            while not (line := await self.reader.readline()).startswith(b"id: "):
                assert line, "the stream has ended"
            id_ = int(line[4:])
            assert id_ > self.last_id
            self.last_id = id_
            event: dict[str, Any] = json.loads((await self.reader.readline()).removeprefix(b"data: "))
        return event


class Site:
    """A house and its REST interface."""

    def __init__(self, house: House, listener: RestListener) -> None:
        self.house = house
        self.listener = listener
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        return int(self.listener.addresses[0].rpartition(":")[2].partition("/")[0])

    async def open(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and send these bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(sent)
        return reader, writer

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes and return all that comes back until the end of the connection."""
        reader, writer = await self.open(sent)
        async with asyncio.timeout(5):
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
        writer.transport.abort()
        return answer

    async def request(self, method: str, path: str, *headers: str) -> Answer:
        """Send a request below the base path."""
        return parse(await self.raw(request_of(method, path, *headers)))

    async def get(self, path: str, *headers: str) -> Answer:
        return await self.request("GET", path, *headers)

    async def post(self, path: str, *headers: str) -> Answer:
        return await self.request("POST", path, *headers)

    async def events(self) -> Reader:
        """Open a stream of events."""
        reader, _ = await self.open(request_of("GET", "/events"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        return Reader(reader)


def request_of(method: str, path: str, *headers: str) -> bytes:
    hosts = () if any(header.startswith("Host:") for header in headers) else ("Host: 127.0.0.1",)
    return "\r\n".join([f"{method} /api/v1{path} HTTP/1.1", *hosts, *headers, "", ""]).encode()


def parse(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if "content-length" in headers:
        assert len(body) == int(headers["content-length"])
    return Answer(int(first.split()[1]), headers, json.loads(body) if body else None)


Serve = Callable[..., Awaitable[Site]]


@pytest.fixture
async def serve(build: BuildHouse) -> AsyncIterator[Serve]:
    """Opens a house with a REST interface; closes both at the end."""
    sites: list[Site] = []

    async def open_site(*models: str, allow_origins: tuple[str, ...] = (), token: str | None = None, **options: int) -> Site:
        house = await build(*models or ("aneros",), **options)
        sites.append(Site(house, RestListener(house.server, port=0, allow_origins=allow_origins, token=token)))
        await sites[-1].listener.open()
        return sites[-1]

    yield open_site
    for site in sites:
        for writer in site.writers:
            writer.transport.abort()
        await site.listener.close()


@pytest.fixture
async def site(serve: Serve) -> Site:
    return await serve()
