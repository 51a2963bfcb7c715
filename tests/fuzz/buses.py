"""What comes over buses that are programs or firmware of others: websocket devices, the Lovense dongle and the Lovense app."""

from __future__ import annotations

import asyncio
import http.client
import io
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.bluetooth import BluetoothSpecifier
from buttplug.hardware.common.blocking import BlockingHardware
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.lovense_connect import http_get
from buttplug.hardware.lovense_connect import manager as connect_manager
from buttplug.hardware.lovense_connect.http_get import Answer
from buttplug.hardware.lovense_connect.link import App, LovenseConnectHardware, Toy
from buttplug.hardware.lovense_connect.specifier import LovenseConnectSpecifier
from buttplug.hardware.lovense_dongle import link
from buttplug.hardware.lovense_dongle.protocol import LINE_LIMIT
from buttplug.hardware.websocket.manager import HELLO_LIMIT, WebsocketManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.device import Device
from tests.fuzz.fuzzer import Finding, Fuzzer, mutated
from tests.server.wire import CLOSE, PING, TEXT, UPGRADE, frame
from tests.simulation.network import Network, Peer

#: Characters that may be told of one answer.
MOST_TOLD = 2000
#: Any toy that a dongle finds.
SPECIFIER = BluetoothSpecifier(services={"service": {"tx": "1", "rx": "2"}}, names=("LVS-*",))
#: Toys that a dongle may be told to hold, or to look for, at the most.
MOST_TOYS = 100

BINARY, PONG = 0x82, 0x8A
HELLOS = tuple(
    b'{"identifier":"%s","address":"%s","version":%s}' % words
    for words in ((b"LVS-Z001", b"fuzz", b"0"), (b"tcode-v03", b"", b"1"), (b"nobody", b"\\u202e", b"4294967296"))
)
HELLO = frame(HELLOS[1].decode())
#: What devices say.
REPLIES = (b"OK;", b"Z:11:AABBCCDDEEFF;", b"TCode v0.3\n", b"D1 v0.3\r\n", b"64;", b"", b"x" * 65535)


class WebsocketDevices(Fuzzer):
    """Devices that connect by themselves, from the first line of the request on."""

    name = "websocket-devices"
    seeds = (
        UPGRADE,
        UPGRADE + HELLO,
        UPGRADE + frame(HELLOS[0].decode()) + frame("OK;") + frame("Z:11:AABBCCDDEEFF;"),
        UPGRADE + HELLO + frame("D1 v0.3"),
        UPGRADE + HELLO + frame("", PING) + frame("\x03\xe8", CLOSE),
        UPGRADE + frame('{"identifier":"x","address":"y","version":1}'),
        UPGRADE + frame('{"identifier":"","address":"","version":0}'),
        UPGRADE + frame("garbage", 0x82),
    )

    async def open(self) -> None:
        self._manager = WebsocketManager()
        self._server = ButtplugServer("fuzz", managers=[self._manager])
        await self._server.open()

    async def feed(self, data: bytes) -> None:
        if self.dice.random() < 0.5:
            # Bytes in the middle of a stream of frames seldom leave anything that can be read behind them.
            hello = self.dice.choice((HELLO, HELLO, self._frame(HELLOS)))
            data = UPGRADE + hello + b"".join(self._frame(REPLIES) for _ in range(self.dice.randrange(8)))
        peers = [await self._arrive(data)]
        if self.dice.random() < 0.1:
            peers.append(await self._arrive(UPGRADE + HELLO))
        for device in list(self._server.devices.devices.values()):
            await self._use(device)
        for peer in peers:
            if self.dice.random() < 0.5:
                peer.reset()
            else:
                peer.half_close()
        await asyncio.sleep(HELLO_LIMIT + 12)
        if not all(peer.has_ended for peer in peers):
            raise Finding("the connection goes on")
        if self._server.devices.devices or self._manager._peers:
            raise Finding("a device goes on")
        self.fed += 1

    async def close(self) -> None:
        await self._server.close()

    async def _arrive(self, data: bytes) -> Peer:
        """Connect, and send it in two pieces."""
        peer = cast(Network, asyncio.get_running_loop()).arrive()
        assert peer is not None
        place = self.dice.randrange(len(data) + 1)
        for piece in (data[:place], data[place:]):
            peer.send(piece)
            await asyncio.sleep(self.dice.choice((0.0, 0.01, 0.5)))
        return peer

    async def _use(self, device: Device) -> None:
        """Drive a device that came that far, and stop it: that ends in time, and says what failed."""
        for feature in device.info.device_features.values():
            for word, limits in feature.output.items():
                device.output(feature.feature_index, OutputType(word), limits.value[1], 100, self, lambda error: None)
        try:
            async with asyncio.timeout(30):
                error = await device.stop()
        except TimeoutError:
            raise Finding("a stop has no end") from None
        if error is not None and not error.message:
            raise Finding("a stop failed and does not say why")

    def _frame(self, contents: Sequence[bytes]) -> bytes:
        content = mutated(self.dice, contents) if self.dice.random() < 0.6 else self.dice.choice(contents)
        return frame(content.decode(errors="ignore"), self.dice.choice((TEXT, TEXT, TEXT, BINARY, PING, PONG)))


class _DongleLink:
    """The link to a dongle, which takes everything."""

    name = "the dongle"
    address = "fuzz"
    connected = True

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.say: Callable[[Notification], None] = lambda notification: None

    def on_notification(self, callback: Callable[[Notification], None]) -> None:
        self.say = callback

    def on_disconnect(self, callback: Callable[[str], None]) -> None:
        """Never call back."""

    async def write(self, packet: Packet) -> None:
        self.lines.append(packet.data)

    async def disconnect(self) -> None:
        """Do nothing."""


class DongleLines(Fuzzer):
    """Lines of the Lovense dongle, while its toys are driven."""

    name = "dongle"
    seeds = (
        b'{"type":"toy","func":"search","result":205}\r\n{"type":"toy","func":"search","result":206}\r\n',
        b'{"type":"toy","func":"toyData","data":{"id":"A1B2"}}\r\n{"type":"toy","func":"search","result":206}\r\n',
        b'{"type":"toy","func":"toyData","data":{"id":"A1B2","data":"OK;"}}\r\n',
        b'{"type":"toy","func":"toyData","result":501}\r\n',
        b'{"type":"toy","func":"status","data":{"id":"A1B2","status":202}}\r\n',
        b'{"type":"toy","func":"status","data":{"id":"C3D4","status":202}}\r\n',
        b'{"type":"toy","func":"status","data":{"id":"A1B2","status":403}}\r\n',
        b'{"func":"error","result":400,"message":"bad"}\r\n',
        b"\0\0\0\r\n",
    )

    async def open(self) -> None:
        self._link = _DongleLink()
        self._found: list[Discovery] = []
        self._toys: list[Hardware] = []
        self._writing: list[asyncio.Task[None]] = []
        self._dongle = link.Dongle(
            cast(BlockingHardware, self._link), on_found=self._found.append, on_search_ended=lambda: None
        )

    async def feed(self, data: bytes) -> None:
        match self.dice.randrange(12):
            case 0:
                self._dongle.start_search()
            case 1:
                self._dongle.stop_search()
            case 2:
                await asyncio.sleep(self.dice.choice((0.04, 0.3, 3.0, 12.0)))
            case 3 if self._toys:
                await self._toys.pop().disconnect()
        self._link.say(Notification("rx", data))
        self.fed += 1
        for discovery in self._found:
            if self.dice.random() < 0.3:
                discovery.refused("no luck")
            else:
                with suppress(HardwareError):
                    self._toys.append(await discovery.connect([SPECIFIER]))
        self._found.clear()
        self._toys = [toy for toy in self._toys if toy.connected]
        if self._toys and self.dice.random() < 0.1:
            await self._use(self.dice.choice(self._toys))
        self._look()

    async def close(self) -> None:
        await asyncio.sleep(1)
        await self._dongle.close()

    async def _use(self, toy: Hardware) -> None:
        """Tell a toy something, give that up at any moment, and stop it: the stop gets its turn."""
        telling = asyncio.create_task(toy.write(Packet(b"Vibrate:1;")))
        await asyncio.sleep(self.dice.choice((0.0, 0.01, 0.02, 0.04)))
        telling.cancel()
        try:
            async with asyncio.timeout(1):
                await toy.write_stop(Packet(b"Vibrate:0;"))
        except TimeoutError:
            raise Finding("a stop gets no turn") from None
        except HardwareError as error:
            if toy.connected:
                raise Finding(f"a stop failed: {error}") from error
        self._link.lines.clear()

    def _look(self) -> None:
        protocol = self._dongle._protocol
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
        if len(self._dongle._sending) > link.MAX_REQUESTS:
            raise Finding(f"{len(self._dongle._sending)} requests wait")


BODIES = (
    b'{"type":"OK","code":200,"data":{"a1":{"id":"a1","name":"nora","nickName":"","status":1,"version":"","battery":80}}}',
    b'{"type":"OK","code":200,"data":{"a1":{"id":"a1","name":"nora","status":"1","battery":"80"},"b":{}}}',
    b'{"type":"error","code":401,"message":"toy not found"}',
    b'{"192-168-1-5.lovense.club":{"httpPort":34567,"httpsPort":34568,"toys":{}}}',
    b"",
)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class ConnectApp(Fuzzer):
    """Answers of the Lovense Connect app, and of the maker's server, from the first line of the response on."""

    name = "connect-app"
    seeds = (
        *map(_answer, BODIES),
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
        if self.dice.random() < 0.5:
            # Where the length does not fit, nobody looks at what is in it.
            data = _answer(mutated(self.dice, BODIES))
        self._data, self._asked = data, 0
        self.fed += 1
        app = App("http://127.0.0.1:1", lambda app, toy: None)
        hardware = LovenseConnectHardware(app, Toy("a1", "nora", 1), LovenseConnectSpecifier())
        toys: list[Toy] = []
        try:
            toys, wrong = await app.toys()
            if sum(map(len, wrong)) > MOST_TOLD:
                raise Finding(f"{sum(map(len, wrong))} characters are told of one answer")
        except HardwareError as error:
            self._look_at(error)
        for ask in (connect_manager.discover_apps(), hardware.write(Packet(b"Vibrate?v=1&t=a1"))):
            try:
                await ask
            except HardwareError as error:
                self._look_at(error)
        if self._asked != 3:
            raise Finding(f"of 3 only {self._asked} asked for this answer")
        for toy in toys:
            hardware.listed_as(toy)
            with suppress(HardwareError):
                if not 0 <= (await hardware.read("rx"))[0] <= 100:
                    raise Finding("a battery is no share of 100")

    def _look_at(self, error: HardwareError) -> None:
        if "http://" not in error.message or len(error.message) > MOST_TOLD:
            raise Finding(f"a refusal does not say of whom, or too much: {error.message}") from error

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
