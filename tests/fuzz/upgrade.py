"""Bytes into the listener for clients, from the first line of the request on.

A connection always comes to an end, the devices are at rest then, and nobody who does not show the token has moved one.
"""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import unquote_to_bytes

from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.websocket import WebsocketListener
from tests.fuzz.frames import HELLO, SEEDS
from tests.fuzz.fuzzer import Finding, Fuzzer, mutated
from tests.server.wire import CLOSE, PING, TEXT, UPGRADE, VIBRATE, frame
from tests.simulation.network import Network

TOKEN = "fuzz-token"
REQUEST = UPGRADE.replace(b"localhost", b"127.0.0.1:12345")
ADMITTED = REQUEST.replace(b"GET /", b"GET /?token=" + TOKEN.encode())
BINARY = 0x82
#: A model that takes what the seeds ask for.
MODEL = "aneros"
#: What is said in frames that arrive whole.
CONTENTS = tuple(seed.encode() for seed in SEEDS)


class Upgrade(Fuzzer):
    name = "upgrade"
    seeds = (
        REQUEST,
        ADMITTED,
        ADMITTED + frame(HELLO),
        ADMITTED + frame(HELLO) + frame(VIBRATE),
        ADMITTED + frame(HELLO) + frame(VIBRATE) + frame("", PING) + frame("\x03\xe8", CLOSE),
        REQUEST.replace(b"GET /", b"GET /?a=%ff&token=wrong&token=fuzz-token") + frame(HELLO),
        REQUEST.replace(b"\r\n\r\n", b"\r\nOrigin: http://localhost:8080\r\nAuthorization: Bearer fuzz-token\r\n\r\n")
        + frame(HELLO),
        REQUEST.replace(b"\r\n\r\n", b"\r\nOrigin: null\r\nAuthorization: Basic fuzz-token\r\n\r\n"),
        ADMITTED.replace(b"127.0.0.1", b"evil.com"),
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    )

    async def open(self) -> None:
        configuration = DeviceConfiguration.load()
        self._device = simulate(configuration, MODEL, [])
        self._server = ButtplugServer("fuzz", managers=[SimulatedManager([self._device])], configuration=configuration)
        await self._server.open()
        await self._server.devices.start_scanning(self, lambda: None)
        while not self._server.devices.devices:
            await asyncio.sleep(0.1)
        await self._server.devices.stop_scanning(self)
        self._listener = WebsocketListener(self._server, hosts=["127.0.0.1"], token=TOKEN)
        await self._listener.open()

    async def feed(self, data: bytes) -> None:
        if self.dice.random() < 0.5:
            # Bytes in the middle of a stream of frames seldom leave anything that can be read behind them.
            request = self.dice.choice((ADMITTED, ADMITTED, ADMITTED, REQUEST))
            data = request + frame(HELLO) + b"".join(self._frame() for _ in range(self.dice.randrange(1, 6)))
        self._device.packets.clear()
        self._device.sent.clear()
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
        if not self._device.is_stopped:
            raise Finding("the device runs on")
        if self._device.packets and TOKEN.encode() not in unquote_to_bytes(data):
            raise Finding("somebody without the token has moved a device")
        self.fed += 1

    def _frame(self) -> bytes:
        content = mutated(self.dice, CONTENTS) if self.dice.random() < 0.5 else VIBRATE.encode()
        return frame(content.decode(errors="ignore") or " ", self.dice.choice((TEXT, TEXT, TEXT, TEXT, BINARY, PING)))

    async def close(self) -> None:
        await self._server.close()
        await self._listener.close()
