"""Clients of a server over a real websocket: a server with a listener, and what its clients say and hear."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from websockets.asyncio.client import ClientConnection, connect

from buttplug.server.outbox import Outbox
from buttplug.server.websocket import WebsocketListener

if TYPE_CHECKING:
    from tests.server.conftest import House

HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"%s","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'
VIBRATE = '[{"OutputCmd":{"Id":2,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":64}}}}]'
STOPPED = [b"\xf1\x40", b"\xf1\x00"]

TEXT, CLOSE, PING = 0x81, 0x88, 0x89
UPGRADE_HEADERS = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
)
UPGRADE = "\r\n".join(["GET / HTTP/1.1", "Host: localhost", *UPGRADE_HEADERS, "", ""]).encode()


class Place:
    """A house with a listener in front of it."""

    def __init__(self, house: House, listener: WebsocketListener) -> None:
        self.house = house
        self.listener = listener
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return self.listener.addresses[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def outboxes(self) -> list[Outbox]:
        """What waits to be sent, for each client."""
        return [connection.outbox for connection in self.listener._connections]

    async def connect(self, name: str | None = "wire", **options: Any) -> ClientConnection:
        """Connect, and shake hands if there is a name."""
        options = {"compression": None, "proxy": None, "ping_interval": None, **options}
        wire = await connect(self.url, **options)
        if name is not None:
            await wire.send(HELLO % name)
            await wire.recv()
        return wire

    async def raw(self, *headers: str, method: str = "GET") -> asyncio.StreamReader:
        """Connect without a websocket library and send a request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        lines = [f"{method} / HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        return reader

    async def bare(self, *frames: bytes, name: str = "bare") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect and shake hands without a websocket library, then send frames: it answers no pings and closes nothing."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(UPGRADE + frame(HELLO % name) + b"".join(frames))
        return reader, writer

    async def deaf(self) -> asyncio.StreamWriter:
        """Connect and shake hands as a client that never reads what it is sent."""
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self.port))
            plain.setblocking(False)
            _, writer = await asyncio.open_connection(sock=plain.dup(), limit=1024)
        self.writers.append(writer)
        cast(asyncio.Transport, writer.transport).pause_reading()
        writer.write(UPGRADE + frame(HELLO % "deaf"))
        return writer


def frame(text: str, opcode: int = TEXT) -> bytes:
    """Return a client's frame, masked with zeros."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    else:
        length = b"\xfe" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xff" + size.to_bytes(8, "big")
    return bytes((opcode,)) + length + bytes(4) + payload


def messages(text: str | bytes) -> list[tuple[str, dict[str, Any]]]:
    return [pair for element in json.loads(text) for pair in element.items()]


async def ask(wire: ClientConnection, text: str | bytes) -> tuple[str, dict[str, Any]]:
    """Send a frame and return the only message of the next one."""
    await wire.send(text)
    return await hear(wire)


async def hear(wire: ClientConnection) -> tuple[str, dict[str, Any]]:
    async with asyncio.timeout(5):
        (message,) = messages(await wire.recv())
    return message


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def close_code(wire: ClientConnection) -> tuple[int | None, str | None]:
    async with asyncio.timeout(5):
        await wire.wait_closed()
    return wire.close_code, wire.close_reason
