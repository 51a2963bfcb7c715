"""A connection that said which device it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from buttplug.core.listening.connection import WatchedConnection
from buttplug.hardware.base import Discovery, Hardware
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.websocket.link import Hello, WebsocketHardware, close_connection, why_ended
from buttplug.hardware.websocket.specifier import WebsocketAdvertisement

#: Seconds in which a device has to answer a ping when another one comes with its address.
ALIVE_LIMIT = 1.0
#: Seconds that a device which does not answer that may take what stops it.
LAST_STOP_LIMIT = 1.0
#: Seconds that a connection outlasts the end of the event loop, for what stops its device.
END_LIMIT = 2.0


class Peer:
    """A device that is connected, in use or not."""

    def __init__(
        self,
        hello: Hello,
        connection: WatchedConnection,
        warn: Callable[[str], None],
    ) -> None:
        """Take over a connection; ``warn`` logs, rate-limited."""
        self.hello = hello
        self.hardware: WebsocketHardware | None = None
        self.discovery: Discovery = Discovery(
            name=f"Websocket device {hello.identifier}",
            address=hello.unique_address,
            advertisement=WebsocketAdvertisement(hello.identifier),
            connect=self._connect,
            refused=self._refused,
        )
        self._connection = connection
        connection.on_closing = self._closing
        self._warn = warn
        self._ending: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Pass on what the device sends until the connection ends, by whatever cause."""
        reason: str | None = "what it sent could not be handled"
        try:
            while True:
                data = await self._connection.recv(decode=False)
                if self.hardware is not None:
                    self.hardware.notified("rx", data)
        except ConnectionClosed:
            reason = why_ended(self._connection)
        except asyncio.CancelledError:
            # The event loop ends, and there is nobody left to tell. When this returns the connection is closed.
            reason = None
            await self._be_stopped(END_LIMIT)
            raise
        finally:
            if self.hardware is not None and reason is not None:
                self.hardware.lost(reason)
            if self._ending is not None:
                await self._ending

    async def answers(self) -> bool:
        """Whether the device is still there: a connection that broke without a word looks open for a while."""
        try:
            async with asyncio.timeout(ALIVE_LIMIT):
                await asyncio.shield(await self._connection.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def make_room(self) -> None:
        """Disconnect the device, which does not answer, for another one with its address.

        It is sent what stops it before: it may only hang, and run on.
        """
        if self.hardware is not None:
            self.hardware.expect_no_answers()
        await self._be_stopped(LAST_STOP_LIMIT)
        await self.close(CloseCode.POLICY_VIOLATION, "it did not answer, and connected again")

    async def close(self, code: CloseCode, reason: str) -> None:
        """Disconnect the device."""
        if self.hardware is not None:
            self.hardware.lost(reason)
        await close_connection(self._connection, code, reason)

    async def _be_stopped(self, limit: float) -> None:
        """Have the device stopped, where it is in use, and wait up to ``limit`` seconds until it has taken that."""
        hardware = self.hardware
        if hardware is not None and hardware.connected and hardware.stop_device is not None:
            await asyncio.wait({hardware.stop_device()}, timeout=limit)

    def _closing(self) -> None:
        # It can be told nothing any more, even where it keeps the connection open.
        if self.hardware is not None:
            self.hardware.lost(why_ended(self._connection))

    async def _connect(self, specifiers: Sequence[Specifier]) -> Hardware:
        if self._connection.state is not State.OPEN or self._ending is not None:
            raise HardwareDisconnectedError(f"{self.hello.label} is gone; it has to connect again")
        if self.hardware is not None:
            raise HardwareError(f"{self.hello.label} is in use already")
        self.hardware = WebsocketHardware(self.hello, specifiers[0], self._connection)
        return self.hardware

    def _refused(self, reason: str) -> None:
        if self._ending is None:
            self._warn(f"{self.hello.label} refused: {reason}")
            self._ending = asyncio.create_task(self.close(CloseCode.POLICY_VIOLATION, reason))
