"""Devices that connect by themselves: home-made ones, simulations, anything that speaks websocket.

A device connects and says in one text frame who it is::

    {"identifier": "tcode-v03", "address": "my-osr", "version": 0}

From then on every packet of its protocol is one binary frame to it, and every frame from it, binary or text, is a
notification. ``identifier`` decides the protocol; ``address`` tells it from others like it and stays the same for its life. A
device that is not wanted is disconnected with close code 1008, one whose first frame is wrong with 1002, both with a reason.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from buttplug.core.origins import FILE_ORIGIN, may_connect
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware
from buttplug.hardware.common.polling import Poll
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
)
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.websocket.link import CLOSE_LIMIT, Hello, WebsocketHardware, close_connection
from buttplug.hardware.websocket.specifier import WebsocketAdvertisement

logger: logging.Logger = logging.getLogger(__package__)

DEFAULT_PORT = 54817

#: The version of the first frame.
VERSION = 0

#: Most bytes of one frame.
MAX_FRAME = 65536

#: Most connections at a time that have not sent their first frame.
MAX_UNIDENTIFIED = 16

#: Most devices at a time.
MAX_DEVICES = 256

#: Seconds for the opening handshake and for the first frame.
UPGRADE_LIMIT = 5.0
HELLO_LIMIT = 5.0

#: Seconds between pings, and seconds a device may take to answer one.
PING_INTERVAL = 10.0

#: Seconds that a connection outlasts the end of the event loop, for the stops that are still to be written to it.
LAST_LIMIT = 2.0

#: Seconds after which a device that is connected but not in use is offered again.
OFFER_INTERVAL = 5.0


class _Peer:
    """A connection that said who it is."""

    def __init__(self, hello: Hello, connection: ServerConnection, wait_for_stops: Callable[[], Awaitable[None]]) -> None:
        """``wait_for_stops`` is awaited when the event loop ends with the connection open."""
        self.hello = hello
        self.hardware: WebsocketHardware | None = None
        self.discovery = Discovery(
            name=f"Websocket device {hello.identifier}",
            address=hello.address,
            advertisement=WebsocketAdvertisement(hello.identifier),
            connect=self._connect,
            refused=self._refused,
        )
        self._connection = connection
        self._wait_for_stops = wait_for_stops
        self._ending: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Pass on what the device sends until the connection ends, by whatever cause."""
        reason: str | None = "what it sent could not be handled"
        try:
            while True:
                data = await self._connection.recv(decode=False)
                if self.hardware is not None:
                    self.hardware.notified("rx", data)
        except ConnectionClosed as error:
            reason = f"its connection ended: {error}"
        except asyncio.CancelledError:
            # There is nobody left to tell.
            reason = None
            await self._wait_for_stops()
            raise
        finally:
            if self.hardware is not None and reason is not None:
                self.hardware.lost(reason)
            if self._ending is not None:
                await self._ending

    async def close(self, code: CloseCode, reason: str) -> None:
        """Disconnect the device."""
        if self.hardware is not None:
            self.hardware.lost(reason)
        await close_connection(self._connection, code, reason)

    async def _connect(self, specifiers: Sequence[Specifier]) -> Hardware:
        if self._connection.close_code is not None or self._ending is not None:
            raise HardwareDisconnectedError(f"{self.hello.identifier} is gone; it has to connect again")
        if self.hardware is not None:
            raise HardwareError(f"{self.hello.identifier} is in use already")
        self.hardware = WebsocketHardware(self.hello, specifiers[0], self._connection)
        return self.hardware

    def _refused(self, reason: str) -> None:
        if self._ending is None:
            logger.warning("Websocket device %s (%s) refused: %s", self.hello.identifier, self.hello.address, reason)
            self._ending = asyncio.create_task(self.close(CloseCode.POLICY_VIOLATION, reason))


class WebsocketManager(CommunicationManager):
    """Waits for devices to connect, whether or not a scan is on; a scan of its own it has none."""

    bus = "websocket devices"

    def __init__(self, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> None:
        """``host``: the interface to listen on; 0.0.0.0 lets in devices of the whole network. ``port`` 0 takes a free one."""
        super().__init__()
        self.host = host
        self.port: int = port
        self._server: Server | None = None
        self._peers: dict[str, _Peer] = {}
        self._handlers: set[asyncio.Task[None] | None] = set()
        self._unidentified = 0
        self._offers = Poll(self.bus, self._offer_unused, OFFER_INTERVAL)

    @property
    def scanning(self) -> bool:
        return False

    async def open(self) -> None:
        try:
            self._server = await serve(
                self._handle,
                self.host,
                self.port,
                process_request=_refuse_web_pages,
                compression=None,
                open_timeout=UPGRADE_LIMIT,
                close_timeout=CLOSE_LIMIT,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_INTERVAL,
                max_size=MAX_FRAME,
            )
        except OSError as error:
            raise BusUnavailableError(
                f"Port {self.port} on {self.host} for websocket devices cannot be opened; end the program that has it, "
                f"or choose another port ({error})"
            ) from error
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        self._offers.start()

    async def start_scanning(self) -> None:
        """Do nothing: devices come by themselves."""

    async def stop_scanning(self) -> None:
        """Do nothing: devices come by themselves."""

    async def check(self) -> BusReport:
        if self._server is None:
            try:
                probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, self.host, self.port)
            except OSError as error:
                remedy = "end the program that has the port, or choose another"
                return BusReport(self.bus, ok=False, summary=f"no listening on {self._address}: {error}", remedy=remedy)
            probe.close()
            await probe.wait_closed()
            return BusReport(self.bus, ok=True, summary=f"can listen on {self._address}")
        return BusReport(self.bus, ok=True, summary=f"listening on {self._address}, {len(self._peers)} connected")

    async def close(self) -> None:
        await self._offers.stop()
        server, self._server = self._server, None
        if server is not None:
            peers = self._peers.values()
            try:
                await asyncio.gather(*(peer.close(CloseCode.GOING_AWAY, "the server is shutting down") for peer in peers))
            finally:
                server.close()
            await server.wait_closed()

    @property
    def _address(self) -> str:
        return f"{self.host} port {self.port}"

    async def _handle(self, connection: ServerConnection) -> None:
        hello = await self._receive_hello(connection)
        if hello is None:
            return
        older, peer = self._peers.get(hello.address), _Peer(hello, connection, self._wait_for_stops)
        if older is None and len(self._peers) >= MAX_DEVICES:
            logger.warning(
                "Websocket device %s (%s) refused: there are %d already", hello.identifier, hello.address, MAX_DEVICES
            )
            await close_connection(connection, CloseCode.TRY_AGAIN_LATER, "too many devices are connected")
            return
        self._peers[hello.address] = peer
        self._handlers.add(task := asyncio.current_task())
        try:
            if older is not None:
                await older.close(CloseCode.POLICY_VIOLATION, "a newer connection has this address")
            self.on_found(peer.discovery)
            await peer.listen()
        finally:
            self._handlers.discard(task)
            if self._peers.get(hello.address) is peer:
                del self._peers[hello.address]

    async def _wait_for_stops(self) -> None:
        """Wait for everything else that is cancelled because the event loop ends: what stops the devices is among it."""
        ending = [task for task in asyncio.all_tasks() if task.cancelling() and task not in self._handlers]
        if ending:
            await asyncio.wait(ending, timeout=LAST_LIMIT)

    async def _receive_hello(self, connection: ServerConnection) -> Hello | None:
        """Return the first frame; None when the connection ended instead, or was ended for it."""
        if self._unidentified >= MAX_UNIDENTIFIED:
            await close_connection(connection, CloseCode.TRY_AGAIN_LATER, "too many connections wait to say who they are")
            return None
        self._unidentified += 1
        try:
            async with asyncio.timeout(HELLO_LIMIT):
                return _decode_hello(await connection.recv())
        except TimeoutError:
            wrong = f"no first frame within {HELLO_LIMIT:g} s"
        except ConnectionClosed:
            return None
        except (msgspec.DecodeError, RecursionError) as error:
            wrong = str(error)
        finally:
            self._unidentified -= 1
        logger.warning("A websocket device at %s was refused: %s", connection.remote_address[0], wrong)
        await close_connection(connection, CloseCode.PROTOCOL_ERROR, wrong)
        return None

    async def _offer_unused(self) -> None:
        """Offer again the devices that are not in use: an offer may have come while their last link was being closed."""
        for peer in self._peers.values():
            if peer.hardware is None:
                self.on_found(peer.discovery)


def _decode_hello(frame: str | bytes) -> Hello:
    if isinstance(frame, bytes):
        raise msgspec.DecodeError("the first frame must be text")
    hello = msgspec.json.decode(frame, type=Hello)
    if hello.version != VERSION:
        raise msgspec.DecodeError(f"version {hello.version} is not known, only {VERSION}")
    return hello


def _refuse_web_pages(connection: ServerConnection, request: Request) -> Response | None:
    """Refuse the pages of other machines; the usual websocket library for Arduino claims to be a page from a file."""
    for origin in request.headers.get_all("Origin"):
        if not may_connect(origin, (FILE_ORIGIN,)):
            logger.warning("A web page of %s tried to connect as a device and was refused", origin)
            return connection.respond(403, "Pages of other machines may not be devices here.\n")
    return None
