"""One device that connected by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from msgspec import Meta, Struct
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.frames import CloseCode

from buttplug.core.listening.connection import WatchedConnection
from buttplug.core.text import escaped, printable
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareTimeoutError,
)
from buttplug.hardware.specifier import Specifier

#: Seconds for a packet to be taken and for the closing handshake.
WRITE_LIMIT = 1.0
CLOSE_LIMIT = 0.5

#: Characters of what a device gave as the reason for its end that are told.
SHOWN = 200

#: Text for a name: not endless, and fit for a line of a log. Addresses may be long: some devices take a whole URL.
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Address = Annotated[str, Meta(max_length=512, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class Hello(Struct, frozen=True):
    """The first frame of a device. What else it holds is ignored.

    There is only one form of it, so that ``version`` says nothing: the existing server ignores it, and there are devices that
    count their own versions in it.
    """

    identifier: Name
    address: Address
    version: Annotated[int, Meta(ge=0)]

    @property
    def unique_address(self) -> str:
        """The address; the identifier where it is empty, as the existing server allows: one such device can be used."""
        return self.address or self.identifier

    @property
    def label(self) -> str:
        """The device in logs: what is not printable is escaped, such as marks that change the direction of writing."""
        return escaped(f"Websocket device {self.identifier} ({self.unique_address})")


class WebsocketHardware(Hardware):
    """A device that connected by itself.

    It has all endpoints of the protocol it stands for, but one connection: writes to any of them are frames alike, and all it
    sends is of endpoint rx. There is nothing to subscribe to.

    Frames arrive in the order they were written, those of writes that were given up included: what was cut off may still
    arrive, but never behind a later packet.
    """

    def __init__(self, hello: Hello, specifier: Specifier, connection: WatchedConnection) -> None:
        super().__init__(
            name=hello.identifier,
            address=hello.unique_address,
            endpoints=specifier.endpoints | {"tx", "rx"},
            specifier=specifier,
        )
        self._connection = connection
        self._answer: asyncio.Future[object] | None = None
        self._answers = True

    def expect_no_answers(self) -> None:
        """Wait for no answer to a write any more, also not to one under way: packets are sent, and count as not written."""
        self._answers = False
        if self._answer is not None:
            self._answer.cancel()

    async def write(self, packet: Packet) -> None:
        """Write one packet; return when the device has answered the ping behind it.

        That shows that the packet was taken out of the buffers in between, where a stop would have to wait for all before it.
        """
        self.require(packet.endpoint)
        try:
            async with asyncio.timeout(WRITE_LIMIT):
                await self._connection.send(packet.data)
                if self._answers:
                    pong = await self._connection.ping()
                    # While this waited, it may have been told to expect none.
                    if self._answers:
                        self._answer = asyncio.shield(pong)
                        await self._answer
                        return
        except TimeoutError:
            raise HardwareTimeoutError(f"{self.name} did not answer within {WRITE_LIMIT:g} s; is it still running?") from None
        except ConnectionClosed as error:
            raise HardwareDisconnectedError(f"{self.name} was lost while writing: {printable(str(error), SHOWN)}") from error
        raise HardwareTimeoutError(f"{self.name} does not answer any more")

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def disconnect(self) -> None:
        self.lost("the server closed it")
        if self.refusal is None:
            await close_connection(self._connection, CloseCode.NORMAL_CLOSURE, "")
        else:
            await close_connection(self._connection, CloseCode.POLICY_VIOLATION, self.refusal)


def why_ended(connection: WatchedConnection) -> str:
    """Return why a connection is ending or has ended, fit for a line of a log."""
    protocol = connection.protocol
    end = ConnectionClosedError(protocol.close_rcvd, protocol.close_sent, protocol.close_rcvd_then_sent)
    return f"its connection ended: {printable(str(end), SHOWN)}"


async def close_connection(connection: WatchedConnection, code: CloseCode, reason: str) -> None:
    """End a connection, with the closing handshake if the other end takes part in time."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await connection.close(code, reason.encode()[:123].decode(errors="ignore"))
    finally:
        connection.transport.abort()
