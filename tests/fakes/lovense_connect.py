"""The Lovense Connect app: its HTTP interface on a loopback port, with toys that do not exist behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice


class AppToy:
    """A toy that the app knows. ``status`` and ``battery`` are what the app says of it, in whatever JSON type."""

    def __init__(self, device: SimulatedDevice, status: object = True, battery: object = 80) -> None:
        """``device`` is what stands behind it: it is handed the text of every command as a packet."""
        self.device = device
        self.status = status
        self.battery = battery


class ConnectApp:
    """A running app.

    Attributes:
        toys: The toys by id.
        extra: Further entries of its list, for what no toy looks like.
        asked: Every path that was asked for, oldest first.
        status: The HTTP status of its answers.
        body: The body of all its answers while it is set.
        raw: All that it answers, from the first line on, while it is set.
        silent: While it is set no request is answered.
        holds: While it is set no command is answered, or reaches its toy; then those do whose connection is still open and
            whose toy was connected all the time.
        late: Commands, by their paths, that reach their toys when the event is set, and are answered then.
        apps: What it tells when it is asked for apps, as the maker's server is.
    """

    def __init__(self) -> None:
        self.toys: dict[str, AppToy] = {}
        self.extra: dict[str, object] = {}
        self.asked: list[str] = []
        self.status = 200
        self.body: bytes | None = None
        self.raw: bytes | None = None
        self.silent = False
        self.holds = False
        self.late: dict[str, asyncio.Event] = {}
        self.apps: object = {}
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ConnectApp]:
        """Run it; its port is the same every time."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone."""
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._connections):
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def host(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split()[1].decode()
            self.asked.append(path)
            if self.silent:
                await reader.read()
            was_lost = False
            while self.holds and "?" in path and not reader.at_eof():
                was_lost = was_lost or any(not toy.status for id, toy in self.toys.items() if path.endswith(f"t={id}"))  # noqa: A001
                await asyncio.sleep(0.01)
            if reader.at_eof():
                return
            if was_lost:
                path = "/t=lost"
            if path in self.late:
                await self.late[path].wait()
            writer.write(self._answer(path))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    def _answer(self, path: str) -> bytes:
        body = json.dumps(self._content(path)).encode() if self.body is None else self.body
        if self.raw is not None:
            return self.raw
        head = f"HTTP/1.1 {self.status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def _content(self, path: str) -> object:
        if path == "/api/lan/getToys":
            return self.apps
        if path == "/GetToys":
            listed = {
                id: {
                    "id": id,
                    "name": toy.device.name,
                    "nickName": "",
                    "status": toy.status,
                    "version": "",
                    "battery": toy.battery,
                }
                for id, toy in self.toys.items()  # noqa: A001 - the app's word
            }
            return {"type": "OK", "code": 200, "data": {**listed, **self.extra}}
        command = unquote(path.removeprefix("/"))
        toy = self.toys.get(command.rpartition("t=")[2])
        if toy is None:
            return {"type": "error", "code": 401, "message": "toy not found"}
        toy.device.received(Packet(command.encode()))
        return {"type": "OK", "code": 200}
