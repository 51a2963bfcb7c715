"""Bytes into the listener for clients, from the first line of the request on: a connection always comes to an end."""

from __future__ import annotations

import asyncio
from typing import cast

from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.server import ButtplugServer
from buttplug.server.websocket import WebsocketListener
from tests.fuzz.frames import HELLO
from tests.fuzz.fuzzer import Finding, Fuzzer
from tests.server.wire import CLOSE, PING, UPGRADE, VIBRATE, frame
from tests.simulation.network import Network

REQUEST = UPGRADE.replace(b"localhost", b"127.0.0.1:12345")


class Upgrade(Fuzzer):
    name = "upgrade"
    seeds = (
        REQUEST,
        REQUEST + frame(HELLO),
        REQUEST + frame(HELLO) + frame(VIBRATE),
        REQUEST + frame(HELLO) + frame("", PING) + frame("\x03\xe8", CLOSE),
        REQUEST.replace(b"\r\n\r\n", b"\r\nOrigin: http://localhost:8080\r\nAuthorization: Bearer x\r\n\r\n") + frame(HELLO),
        REQUEST.replace(b"GET /", b"GET /?token=x"),
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    )

    async def open(self) -> None:
        self._server = ButtplugServer("fuzz")
        await self._server.open()
        self._listener = WebsocketListener(self._server, hosts=["127.0.0.1"])
        await self._listener.open()

    async def feed(self, data: bytes) -> None:
        loop = cast(Network, asyncio.get_running_loop())
        peer = loop.arrive()
        assert peer is not None
        place = self.dice.randrange(len(data) + 1)
        for piece in (data[:place], data[place:]):
            peer.send(piece)
            await asyncio.sleep(self.dice.choice((0.0, 0.02)))
        way = self.dice.randrange(3)
        if way == 1:
            peer.half_close()
        elif way == 2:
            peer.reset()
        await asyncio.sleep(HANDSHAKE_LIMIT + 1 if way == 0 else 2)
        if not peer.has_ended and way == 0 and any(session.client_name for session in self._server.sessions):
            # It has become a client.
            peer.half_close()
            await asyncio.sleep(2)
        if not peer.has_ended:
            raise Finding("the connection goes on")
        if self._server.sessions:
            raise Finding(f"a session goes on: {self._server.sessions}")
        self.fed += 1

    async def close(self) -> None:
        await self._server.close()
        await self._listener.close()
