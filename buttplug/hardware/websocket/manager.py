"""Devices that connect by themselves: home-made ones, simulations, anything that speaks websocket.

A device connects and says in one text frame who it is::

    {"identifier": "tcode-v03", "address": "my-osr", "version": 0}

From then on every packet of its protocol is one binary frame to it, and every frame from it, binary or text, is a
notification. ``identifier`` decides the protocol; ``address`` tells it from others like it and stays the same for its life. A
device that is not wanted, or does not become ready, is disconnected with close code 1008, one whose first frame is wrong with
1002, both with a reason. So is one whose address another device has that is connected and answers.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Collection
from functools import partial
from typing import cast

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from buttplug.core.access import Access, beyond_this_machine
from buttplug.core.listening.admission import Admission
from buttplug.core.listening.backlog import ACCEPTED_A_TURN, keep_waiting
from buttplug.core.listening.connection import AcceptedConnection
from buttplug.core.listening.library_log import library_logger
from buttplug.core.listening.opening import opened
from buttplug.core.listening.turns import Turns
from buttplug.core.log import logger_of
from buttplug.core.origins import FILE_ORIGIN
from buttplug.core.recent_warnings import RecentWarnings
from buttplug.core.text import printable
from buttplug.core.unreadable import UNREADABLE
from buttplug.hardware.base import BusReport, CommunicationManager
from buttplug.hardware.common.addresses import ByAddress
from buttplug.hardware.common.polling import Poll
from buttplug.hardware.errors import BusUnavailableError
from buttplug.hardware.websocket.link import CLOSE_LIMIT, SHOWN, Hello, close_connection
from buttplug.hardware.websocket.peer import Peer

logger: logging.Logger = logger_of(__package__)

DEFAULT_PORT = 54817

#: Most bytes of one frame.
MAX_FRAME = 65536

#: Most devices at a time.
MAX_DEVICES = 256

#: Seconds for the opening handshake and for the first frame.
UPGRADE_LIMIT = 5.0
HELLO_LIMIT = 5.0

#: Seconds between pings, and seconds a device may take to answer one.
PING_INTERVAL = 10.0

#: Seconds after which a device that is connected but not in use is offered again.
OFFER_INTERVAL = 5.0


class WebsocketManager(CommunicationManager):
    """Waits for devices to connect, whether or not a scan is on; a scan of its own it has none."""

    bus = "websocket devices"

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        allow_origins: Collection[str] = (),
        token: str | None = None,
        without_token: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen nowhere yet.

        Args:
            host: The interface to listen on; 0.0.0.0 lets in devices of the whole network, with a token or ``without_token``.
            port: 0 for any free one.
            allow_origins: Origins of web pages that may be devices, beside those that this machine serves; ``null`` for pages
                without an origin, ``*`` for all.
            token: What every device has to show, in the URL (``?token=…``) or as ``Authorization: Bearer …``.
            without_token: Listen beyond this machine without one, too.
            tls: Devices connect by ``wss``, all of them.
        """
        super().__init__()
        self.host = host
        self.port: int = port
        # The usual websocket library for Arduino claims to be a page from a file.
        self.access: Access = Access(allow_origins=(*allow_origins, FILE_ORIGIN), token=token)
        self._is_open_to_all = token is None and beyond_this_machine([host])
        self._shows_token = token is not None and tls is None and beyond_this_machine([host])
        self._token_is_missing = self._is_open_to_all and not without_token
        self._tls = tls
        self._server: Server | None = None
        self._peers: ByAddress[Peer] = ByAddress()
        self._admission = Admission()
        # A device is never alone: there are the clients.
        self._turns = Turns(lambda: 1 + len(self._peers))
        self._warnings = RecentWarnings(logger)
        self._offers = Poll(self.bus, self._offer_unused, OFFER_INTERVAL)

    @property
    def scanning(self) -> bool:
        return False

    async def open(self) -> None:
        if self._token_is_missing:
            raise BusUnavailableError(
                f"Listening on {self.host} for websocket devices lets in everybody in the network: choose a token "
                "(--token-file), or say that none is wanted (--no-token, without_token=True)"
            )
        connection = partial(
            AcceptedConnection, admission=self._admission, turns=self._turns, tls=self._tls, limit=UPGRADE_LIMIT
        )
        try:
            self._server = await opened(
                serve(
                    self._handle,
                    self.host,
                    self.port,
                    process_request=self._check_request,
                    create_connection=cast(type[ServerConnection], connection),
                    logger=library_logger,
                    server_header=None,
                    compression=None,
                    open_timeout=UPGRADE_LIMIT,
                    close_timeout=CLOSE_LIMIT,
                    ping_interval=PING_INTERVAL,
                    ping_timeout=PING_INTERVAL,
                    max_size=MAX_FRAME,
                    backlog=ACCEPTED_A_TURN,
                )
            )
        except OSError as error:
            raise BusUnavailableError(
                f"Port {self.port} on {self.host} for websocket devices cannot be opened; end the program that has it, "
                f"or choose another port ({error})"
            ) from error
        keep_waiting(self._server.sockets)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        if self._is_open_to_all:
            logger.warning("Websocket devices of the whole network are let in on port %s, without a token", self.port)
        elif self._shows_token:
            logger.warning(
                "Websocket devices of other machines send the token unencrypted to port %s: who reads it can be a client; "
                "--device-ws-tls with --tls-cert encrypts it",
                self.port,
            )
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
            # The port is free at once, also where the devices take their time.
            server.server.close()
            peers = self._peers.values()
            try:
                await asyncio.gather(*(peer.close(CloseCode.GOING_AWAY, "the server is shutting down") for peer in peers))
            finally:
                server.close()
                closing = asyncio.ensure_future(server.wait_closed())
            await asyncio.wait([closing], timeout=CLOSE_LIMIT)
            # Who takes no part in it is not waited for.
            self._admission.drop_all()
            await closing

    @property
    def _address(self) -> str:
        return f"{self.host} port {self.port}"

    async def _handle(self, connection: ServerConnection) -> None:
        assert isinstance(connection, AcceptedConnection)
        hello = await self._receive_hello(connection)
        if hello is None:
            return
        connection.admitted()
        address = hello.unique_address
        if not await self._is_free(address):
            await self._refuse(connection, hello, CloseCode.POLICY_VIOLATION, "another device has this address")
        elif len(self._peers) >= MAX_DEVICES:
            await self._refuse(connection, hello, CloseCode.TRY_AGAIN_LATER, f"{MAX_DEVICES} devices are connected already")
        else:
            peer = self._peers[address] = Peer(hello, connection, self._warnings.warn)
            try:
                self.on_found(peer.discovery)
                await peer.listen()
            finally:
                if self._peers.get(address) is peer:
                    del self._peers[address]

    async def _is_free(self, address: str) -> bool:
        """Whether no device has this address. One that does not answer any more is let go: it is the one that comes back."""
        while (older := self._peers.get(address)) is not None:
            if await older.answers():
                return False
            if self._peers.get(address) is older:
                del self._peers[address]
                await older.make_room()
        return True

    async def _refuse(self, connection: AcceptedConnection, hello: Hello, code: CloseCode, reason: str) -> None:
        self._warnings.warn(f"{hello.label} refused: {reason}")
        await close_connection(connection, code, reason)

    async def _receive_hello(self, connection: AcceptedConnection) -> Hello | None:
        """Return the first frame; None when the connection ended instead, or was ended for it."""
        try:
            async with asyncio.timeout(HELLO_LIMIT):
                return _decode_hello(await connection.recv())
        except TimeoutError:
            wrong = f"no first frame within {HELLO_LIMIT:g} s"
        except ConnectionClosed:
            return None
        except UNREADABLE as error:
            wrong = str(error)
        self._warnings.warn(f"A websocket device at {connection.remote_address[0]} was refused: {printable(wrong, SHOWN)}")
        await close_connection(connection, CloseCode.PROTOCOL_ERROR, wrong)
        return None

    def _check_request(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = self.access.refusal(request.path, request.headers, local_address=connection.local_address[0])
        if refusal is None:
            return None
        self._warnings.warn(f"As a device: {refusal.warning}")
        return connection.respond(refusal.status, refusal.answer + "\n")

    async def _offer_unused(self) -> None:
        """Offer again the devices that are not in use: an offer may have come while their last link was being closed."""
        for peer in self._peers.values():
            if peer.hardware is None:
                self.on_found(peer.discovery)


def _decode_hello(frame: str | bytes) -> Hello:
    if isinstance(frame, bytes):
        raise msgspec.DecodeError("the first frame must be text")
    return msgspec.json.decode(frame, type=Hello)
