"""Bytes into the REST interface: a request is answered or cut off, and nothing but a whole one moves a device."""

from __future__ import annotations

import asyncio
from typing import cast

from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.rest.connection import STALL_LIMIT
from buttplug.server.rest.listener import LINGERING_TIME, RestListener
from tests.fuzz.fuzzer import Finding, Fuzzer
from tests.simulation.network import Network

#: Before the version, which is that of the request.
ANSWER = b"HTTP/"


def _request(method: str, path: str, *headers: str, body: str = "") -> bytes:
    return "\r\n".join([f"{method} /api/v1{path} HTTP/1.1", "Host: 127.0.0.1:12345", *headers, "", body]).encode()


class Requests(Fuzzer):
    name = "requests"
    seeds = (
        _request("GET", "/devices"),
        _request("GET", "/devices/0/features/1"),
        _request("POST", "/devices/0/outputs/Vibrate/0.5"),
        _request("PUT", "/devices/0/features/0/outputs/Vibrate?steps=12&lease=500"),
        _request("POST", "/devices/0/features/0/outputs/HwPositionWithDuration/-1e-3?duration=800"),
        _request("GET", "/devices/0/inputs/Battery?token=x"),
        _request("POST", "/devices/0/features/2/inputs/Battery/subscribe"),
        _request("POST", "/devices/stop", "Origin: http://localhost:8080", "Authorization: Bearer x"),
        _request("POST", "/start-scanning", "Transfer-Encoding: chunked", body="5\r\nhello\r\n0\r\n\r\n"),
        _request("POST", "/stop-scanning", "Content-Length: 5", body="hello"),
        _request("GET", "/events"),
        _request("GET", "/events", "Upgrade: websocket", "Connection: Upgrade", "Expect: 100-continue"),
    )

    async def open(self) -> None:
        configuration = DeviceConfiguration.load()
        devices = [simulate(configuration, "Lovense Nora", [])]
        self._server = ButtplugServer("fuzz", managers=[SimulatedManager(devices)], configuration=configuration)
        await self._server.open()
        await self._server.devices.start_scanning(self, lambda: None)
        while not self._server.devices.devices:
            await asyncio.sleep(0.1)
        await self._server.devices.stop_scanning(self)
        self._listener = RestListener(self._server, port=12345)
        await self._listener.open()

    async def feed(self, data: bytes) -> None:
        got = await self._send(data, resets=self.dice.random() < 0.3)
        if got and not got.startswith(ANSWER):
            raise Finding(f"the answer is {got[:200]!r}")
        if b" 500 " in got[:16]:
            raise Finding(f"the server failed: {got[:500]!r}")
        got = await self._send(_request("POST", "/devices/stop"), resets=False)
        if not got.startswith(b"HTTP/1.1 200"):
            raise Finding(f"a stop is answered with {got[:500]!r}")
        self.fed += 1

    async def _send(self, data: bytes, *, resets: bool) -> bytes:
        """Send bytes by a connection of their own; return what comes back until its end."""
        peer = cast(Network, asyncio.get_running_loop()).arrive()
        assert peer is not None
        got = bytearray()
        peer.on_data = got.extend
        place = self.dice.randrange(len(data) + 1)
        for piece in (data[:place], data[place:]):
            peer.send(piece)
            await asyncio.sleep(self.dice.choice((0.0, 0.02)))
        if resets:
            peer.reset()
        await asyncio.sleep(HANDSHAKE_LIMIT + LINGERING_TIME + STALL_LIMIT + 1)
        if not peer.has_ended:
            if b"text/event-stream" not in got:
                raise Finding("the connection goes on")
            peer.reset()
            await asyncio.sleep(1)
        return bytes(got)

    async def close(self) -> None:
        await self._server.close()
        await self._listener.close()
