"""A home-made device that connects by a real websocket."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice


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
    ) -> None:
        """``hello``: the first frame, if not the usual one; empty for none. ``device`` takes every frame as a packet."""
        self.frames: list[bytes | str] = []
        self.ended = asyncio.Event()
        self._url = f"ws://127.0.0.1:{port}"
        usual = json.dumps({"identifier": identifier, "address": address, "version": 0})
        self._hello = usual if hello is None else hello
        self._device = device
        self._headers = headers
        self._reader: asyncio.Task[None] | None = None
        self._connection: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await connect(self._url, compression=None, additional_headers=self._headers, proxy=None)
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
