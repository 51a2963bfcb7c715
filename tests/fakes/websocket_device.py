"""A home-made device that connects by a real websocket."""

from __future__ import annotations

import asyncio
import json
import ssl
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.websocket import WebsocketAdvertisement, WebsocketManager


class WebsocketDevice:
    """Connects, says hello and takes frames, for as long as its context lasts.

    Attributes:
        frames: What it was sent.
        ended: Set when the connection is over; ``close_code`` and ``close_reason`` tell how.
    """

    def __init__(
        self,
        port: int,
        hello: bytes | str | None = None,
        *,
        identifier: str = "DIY",
        address: str = "d1",
        device: SimulatedDevice | None = None,
        headers: dict[str, str] | None = None,
        query: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``hello``: the first frame, if not the usual one; empty for none. ``device`` takes every frame as a packet."""
        self.frames: list[bytes | str] = []
        self.ended = asyncio.Event()
        self._url = f"{'ws' if tls is None else 'wss'}://127.0.0.1:{port}/{query}"
        self._tls = tls
        usual = json.dumps({"identifier": identifier, "address": address, "version": 0})
        self._hello = usual if hello is None else hello
        self._device = device
        self._headers = headers
        self._reader: asyncio.Task[None] | None = None
        self._connection: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await connect(
            self._url, compression=None, additional_headers=self._headers, proxy=None, ssl=self._tls
        )
        if self._hello:
            await self.send(self._hello)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.close()
        assert self._reader is not None
        await self._reader

    @property
    def connection(self) -> ClientConnection:
        """The websocket."""
        assert self._connection is not None
        return self._connection

    @property
    def close_code(self) -> int | None:
        """Why the connection ended."""
        return self.connection.close_code

    @property
    def close_reason(self) -> str | None:
        """The same in words."""
        return self.connection.close_reason

    async def send(self, frame: bytes | str) -> None:
        """Send a frame."""
        await self.connection.send(frame)

    def vanish(self) -> None:
        """Break the connection without a word."""
        self.connection.transport.abort()

    def stop_reading(self) -> None:
        """Take nothing more, as a device that hangs."""
        self.connection.transport.pause_reading()

    def read_again(self) -> None:
        """End the hanging."""
        self.connection.transport.resume_reading()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.connection.recv()
                self.frames.append(frame)
                if self._device is not None:
                    self._device.received(Packet(frame if isinstance(frame, bytes) else frame.encode()))
        except ConnectionClosed:
            self.ended.set()


class WebsocketToy(SimulatedDevice):
    """A device that stands behind a websocket. What it notifies are frames."""

    def __init__(self, manager: WebsocketManager, identifier: str, address: str) -> None:
        super().__init__(identifier, WebsocketAdvertisement(identifier), address=address)
        self._manager = manager
        self._peer: WebsocketDevice | None = None
        self._life: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def notify(self, endpoint: str, data: bytes) -> None:
        sending = asyncio.create_task(self._connected.send(data))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    def plug_in(self) -> None:
        """Connect."""
        self._life = asyncio.create_task(self._live())

    def hang(self) -> None:
        """Take nothing any more."""
        self._connected.stop_reading()

    def resume(self) -> None:
        """End the hanging."""
        self._connected.read_again()

    def unplug(self) -> None:
        """Break the connection."""
        self._connected.vanish()

    async def gone(self) -> None:
        """Wait until the connection is over."""
        if self._life is not None:
            await self._life

    @property
    def _connected(self) -> WebsocketDevice:
        assert self._peer is not None
        return self._peer

    async def _live(self) -> None:
        async with WebsocketDevice(self._manager.port, identifier=self.name, address=self.address, device=self) as self._peer:
            await self._peer.ended.wait()
