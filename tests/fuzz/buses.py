"""What comes over buses that are programs or firmware of others: websocket devices, the Lovense dongle and the Lovense app."""

from __future__ import annotations

import asyncio
import http.client
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from buttplug.hardware.base import Discovery, Hardware, Notification
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.lovense_connect import http_get
from buttplug.hardware.lovense_connect import manager as connect_manager
from buttplug.hardware.lovense_connect.http_get import Answer
from buttplug.hardware.lovense_connect.link import App
from buttplug.hardware.lovense_dongle.protocol import LINE_LIMIT, DongleProtocol, ToyFound
from buttplug.hardware.websocket import WebsocketSpecifier
from buttplug.hardware.websocket.manager import HELLO_LIMIT, WebsocketManager
from tests.fuzz.fuzzer import Finding, Fuzzer
from tests.server.wire import CLOSE, PING, UPGRADE, frame
from tests.simulation.network import Network

#: Toys that a dongle may be told to hold, or to look for, at the most.
MOST_TOYS = 100

HELLO = frame('{"identifier":"LVS-Z001","address":"fuzz","version":0}')


class WebsocketDevices(Fuzzer):
    """Devices that connect by themselves, from the first line of the request on."""

    name = "websocket-devices"
    seeds = (
        UPGRADE,
        UPGRADE + HELLO,
        UPGRADE + HELLO + frame("OK;") + frame("Z:11:AABBCCDDEEFF;"),
        UPGRADE + HELLO + frame("", PING) + frame("\x03\xe8", CLOSE),
        UPGRADE + frame('{"identifier":"x","address":"y","version":1}'),
        UPGRADE + frame('{"identifier":"","address":"","version":0}'),
        UPGRADE + frame("garbage", 0x82),
    )

    async def open(self) -> None:
        self._found: list[Discovery] = []
        self._manager = WebsocketManager()
        self._manager.on_found = self._found.append
        await self._manager.open()

    async def feed(self, data: bytes) -> None:
        loop = cast(Network, asyncio.get_running_loop())
        peer = loop.arrive()
        assert peer is not None
        place = self.dice.randrange(len(data) + 1)
        peer.send(data[:place])
        await asyncio.sleep(0.01)
        hardware = await self._connect()
        heard: list[Notification] = []
        if hardware is not None:
            hardware.on_notification(heard.append)
        peer.send(data[place:])
        await asyncio.sleep(0.01)
        if self.dice.random() < 0.5:
            peer.reset()
        else:
            peer.half_close()
        await asyncio.sleep(HELLO_LIMIT + 12)
        if not peer.has_ended:
            raise Finding("the connection goes on")
        if hardware is not None and hardware.connected:
            raise Finding("a device goes on")
        self._found.clear()
        self.fed += 1

    async def close(self) -> None:
        await self._manager.close()

    async def _connect(self) -> Hardware | None:
        for discovery in self._found:
            if self.dice.random() < 0.5:
                discovery.refused("no luck")
                continue
            try:
                return await discovery.connect([WebsocketSpecifier("fuzz")])
            except HardwareError:
                continue
        return None


class Dongle(Fuzzer):
    """Lines of the Lovense dongle."""

    name = "dongle"
    seeds = (
        b'{"type":"toy","func":"search","result":205}\r\n{"type":"toy","func":"search","result":206}\r\n',
        b'{"type":"toy","func":"toyData","data":{"id":"A1B2"}}\r\n{"type":"toy","func":"search","result":206}\r\n',
        b'{"type":"toy","func":"toyData","data":{"id":"A1B2","data":"OK;"}}\r\n',
        b'{"type":"toy","func":"toyData","result":501}\r\n',
        b'{"type":"toy","func":"status","data":{"id":"A1B2","status":202}}\r\n',
        b'{"type":"toy","func":"status","data":{"id":"A1B2","status":403}}\r\n',
        b'{"func":"error","result":400,"message":"bad"}\r\n',
        b"\0\0\0\r\n",
    )

    async def open(self) -> None:
        self._protocol = DongleProtocol()
        self._protocol.check()

    async def feed(self, data: bytes) -> None:
        protocol = self._protocol
        match self.dice.randrange(12):
            case 0:
                protocol.start()
            case 1:
                protocol.stop()
            case 2:
                protocol.expired()
            case 3 if protocol.toys:
                protocol.release(self.dice.choice(sorted(protocol.toys)), is_ready=self.dice.random() < 0.5)
        for action in protocol.received(data):
            if isinstance(action, ToyFound):
                (protocol.accepted if self.dice.random() < 0.5 else protocol.refused)(action.toy)
        self.fed += 1
        held = {
            "toys": protocol.toys,
            "missing": protocol.missing,
            "ignored": protocol._ignored,
            "returned": protocol._returned,
        }
        for what, ids in held.items():
            if len(ids) > MOST_TOYS:
                raise Finding(f"{len(ids)} {what} of one dongle")
        if len(protocol._rest) > LINE_LIMIT:
            raise Finding(f"{len(protocol._rest)} bytes of a line are kept")


class ConnectApp(Fuzzer):
    """Answers of the Lovense Connect app, and of the maker's server, from the first line of the response on."""

    name = "connect-app"
    seeds = (
        *(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            for body in (
                b'{"type":"OK","code":200,"data":{"a1":{"id":"a1","name":"nora","nickName":"","status":1,"version":"","battery":80}}}',
                b'{"type":"OK","code":200,"data":{"a1":{"id":"a1","name":"nora","status":"1","battery":"80"},"b":{}}}',
                b'{"type":"error","code":401,"message":"toy not found"}',
                b'{"192-168-1-5.lovense.club":{"httpPort":34567,"httpsPort":34568,"toys":{}}}',
                b"",
            )
        ),
        b"HTTP/1.1 500 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
    )

    def __init__(self, dice: random.Random, folder: Path) -> None:
        super().__init__(dice, folder)
        self._patch = pytest.MonkeyPatch()
        self._data = b""
        self._asked = 0

    async def open(self) -> None:
        def connect(connection: http.client.HTTPConnection) -> None:
            connection.sock = _Socket(self._data)
            self._asked += 1

        async def at_once(function: Callable[[], Answer], limit: float) -> Answer:
            return function()

        self._patch.setattr(http.client.HTTPConnection, "connect", connect)
        # A thread takes real time, and the clock of a fuzzer does not wait for it.
        self._patch.setattr(http_get, "in_thread", at_once)
        self._patch.setattr(connect_manager, "DISCOVERY_URL", "http://maker/api")

    async def feed(self, data: bytes) -> None:
        self._data, self._asked = data, 0
        self.fed += 1
        asks = (App("http://127.0.0.1:1", lambda app, toy: None).toys, connect_manager.discover_apps)
        for ask in asks:
            try:
                await ask()
            except HardwareError as error:
                if not error.message.startswith("http"):
                    raise Finding(f"a refusal does not say of whom: {error.message}") from error
        if self._asked != len(asks):
            raise Finding(f"of {len(asks)} only {self._asked} asked for this answer")

    async def close(self) -> None:
        self._patch.undo()


class _Socket:
    """Takes a request, and has an answer."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)

    def sendall(self, data: bytes) -> None:
        pass

    def shutdown(self, how: int) -> None:
        pass

    def close(self) -> None:
        pass
