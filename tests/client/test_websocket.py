"""The websocket connector, against a websocket server on this machine."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugMessageError,
    DeviceOutputCommand,
    ErrorReceived,
    OutputType,
    WebsocketConnector,
)
from buttplug.core.codec import MAX_FRAME

pytestmark = pytest.mark.real_time

Message = dict[str, dict[str, object]]

VIBRATOR = {
    "DeviceIndex": 7,
    "DeviceName": "Demo Vibrator",
    "DeviceMessageTimingGap": 0,
    "DeviceFeatures": {
        "0": {"FeatureIndex": 0, "FeatureDescription": "", "Output": {"Vibrate": {"Value": [0, 20]}}, "FromTheFuture": 1}
    },
}
DEVICE_LIST = json.dumps([{"DeviceList": {"Id": 0, "Devices": {"7": VIBRATOR}}}])


class WireServer:
    """Speaks JSON to one client: Ok to everything but the handshake and the device list.

    Attributes:
        frames: What the client sent.
        silent: Names of messages that are not answered.
        greeting: Frames sent before the answer to the handshake.
        connection: The client's websocket.
    """

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.silent: set[str] = set()
        self.greeting: list[str | bytes] = []
        self.connection: ServerConnection
        self.connected = asyncio.Event()
        self.url = ""
        self._got: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def handle(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.connected.set()
        async for frame in connection:
            self.frames.append(frame)
            for message in json.loads(frame):
                await self.answer(message)

    async def answer(self, message: Message) -> None:
        ((name, body),) = message.items()
        self._got[name].set()
        reply: Message = {"Ok": {"Id": body["Id"]}}
        if name == "RequestServerInfo":
            for frame in self.greeting:
                await self.connection.send(frame)
            reply = {
                "ServerInfo": {
                    "Id": body["Id"],
                    "ServerName": "Wire",
                    "MaxPingTime": 0,
                    "ProtocolVersionMajor": 4,
                    "ProtocolVersionMinor": 0,
                }
            }
        elif name == "RequestDeviceList":
            reply = {"DeviceList": {"Id": body["Id"], "Devices": {"7": VIBRATOR}}}
        if name not in self.silent:
            await self.connection.send(json.dumps([reply]))

    async def got(self, name: str) -> None:
        """Wait for a message of the client."""
        await asyncio.wait_for(self._got[name].wait(), 5)


async def listen(handle: Callable[[ServerConnection], Awaitable[None]], tls: ssl.SSLContext | None = None) -> Server:
    return await serve(handle, "127.0.0.1", 0, ssl=tls)


def port_of(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


@pytest.fixture
async def wire() -> AsyncIterator[WireServer]:
    wire = WireServer()
    async with await listen(wire.handle) as server:
        wire.url = f"ws://127.0.0.1:{port_of(server)}"
        yield wire


@pytest.fixture
async def client(wire: WireServer) -> AsyncIterator[ButtplugClient]:
    async with ButtplugClient("Tests") as client:
        await client.connect(wire.url)
        yield client


async def test_a_conversation_is_text_frames_of_one_message_each(wire: WireServer) -> None:
    async with ButtplugClient("My player") as client:
        await client.connect(wire.url)
        assert client.server_name == "Wire"
        await client.devices[7].run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
    assert [json.loads(frame) for frame in wire.frames if isinstance(frame, str)] == [
        [
            {
                "RequestServerInfo": {
                    "Id": 1,
                    "ClientName": "My player",
                    "ProtocolVersionMajor": 4,
                    "ProtocolVersionMinor": 0,
                }
            }
        ],
        [{"RequestDeviceList": {"Id": 2}}],
        [{"OutputCmd": {"Id": 3, "DeviceIndex": 7, "FeatureIndex": 0, "Command": {"Vibrate": {"Value": 10}}}}],
        [{"Disconnect": {"Id": 4}}],
        [{"StopCmd": {"Id": 5, "DeviceIndex": 7, "FeatureIndex": 0, "Inputs": False, "Outputs": True}}],
    ]


UNREADABLE: list[str | bytes] = [
    "no JSON",
    "{}",
    "[]",
    '[{"Surprise":{"Id":0}}]',
    '[{"Ok":[]}]',
    '[{"ScanningFinished":{}}]',
    '{"ScanningFinished":{"Id":0}}',
    '[{"Ok":{"Id":0}}]',
    '[{"OutputCmd":{"Id":99}}]',
    b"\xff\xfe",
]


@pytest.mark.parametrize("frame", UNREADABLE)
async def test_a_frame_that_cannot_be_read_is_told_and_the_next_one_is_read(
    client: ButtplugClient, wire: WireServer, frame: str | bytes
) -> None:
    events = client.events()
    await wire.connection.send(frame)
    event = await anext(events)
    assert isinstance(event, ErrorReceived)
    assert isinstance(event.error, ButtplugMessageError)
    await client.start_scanning()


async def test_an_error_of_an_unknown_kind_keeps_its_text(client: ButtplugClient, wire: WireServer) -> None:
    events = client.events()
    await wire.connection.send('[{"Error":{"Id":0,"ErrorMessage":"a new trouble","ErrorCode":99}}]')
    event = await anext(events)
    assert isinstance(event, ErrorReceived)
    assert repr(event.error) == "ButtplugUnknownError('a new trouble')"


async def test_a_message_that_cannot_be_read_does_not_cost_the_others_of_its_frame(
    client: ButtplugClient, wire: WireServer
) -> None:
    finished = asyncio.Event()
    client.on_scanning_finished = finished.set
    await wire.connection.send('[{"Surprise":{"Id":0}},{"ScanningFinished":{"Id":0}}]')
    await asyncio.wait_for(finished.wait(), 5)


async def test_garbage_before_the_answer_to_the_handshake_is_skipped(wire: WireServer) -> None:
    wire.greeting = [*UNREADABLE, DEVICE_LIST]
    async with ButtplugClient("Tests") as client:
        await client.connect(wire.url)
        assert client.connected


async def test_a_server_that_closes_fails_what_is_pending_at_once_and_is_told(
    client: ButtplugClient, wire: WireServer
) -> None:
    gone = asyncio.Event()
    client.on_server_disconnect = gone.set
    wire.silent = {"OutputCmd"}
    pending = asyncio.create_task(client.devices[7].vibrate(1))
    await wire.got("OutputCmd")
    await wire.connection.close(1001, "closing time")
    with pytest.raises(ButtplugConnectorError, match="closing time"):
        await asyncio.wait_for(pending, 5)
    await asyncio.wait_for(gone.wait(), 5)
    assert not client.connected


async def test_a_server_that_ends_the_session_but_not_the_connection_is_left(client: ButtplugClient, wire: WireServer) -> None:
    """As servers do that tell of a missed ping and do not close."""
    gone = asyncio.Event()
    client.on_server_disconnect = gone.set
    wire.silent = {"OutputCmd"}
    pending = asyncio.create_task(client.devices[7].vibrate(1.0))
    await wire.got("OutputCmd")
    await wire.connection.send('[{"Error":{"Id":0,"ErrorMessage":"Ping timed out","ErrorCode":2}}]')
    with pytest.raises(ButtplugConnectorError, match="Ping timed out"):
        await asyncio.wait_for(pending, 5)
    await asyncio.wait_for(gone.wait(), 5)
    assert not client.connected
    await asyncio.wait_for(wire.connection.wait_closed(), 5)
    await client.connect(wire.url)
    assert client.connected


async def test_a_server_that_restarts_gets_a_reconnecting_client_back(wire: WireServer) -> None:
    back = asyncio.Event()
    async with ButtplugClient("Tests", reconnect=True) as client:
        client.on_server_reconnect = back.set
        await client.connect(wire.url)
        device = client.devices[7]
        wire.connection.transport.abort()
        await asyncio.wait_for(back.wait(), 5)
        assert client.devices[7] is device
        await device.vibrate(0.5)


async def test_a_server_that_vanishes_is_told(client: ButtplugClient, wire: WireServer) -> None:
    gone = asyncio.Event()
    client.on_server_disconnect = gone.set
    wire.connection.transport.abort()
    await asyncio.wait_for(gone.wait(), 5)
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await client.start_scanning()


async def test_a_frame_over_the_limit_ends_the_connection(client: ButtplugClient, wire: WireServer) -> None:
    gone = asyncio.Event()
    client.on_server_disconnect = gone.set
    await wire.connection.send("x" * (MAX_FRAME + 1))
    await asyncio.wait_for(gone.wait(), 5)


async def test_sending_on_a_connection_that_is_gone_is_a_connector_error(wire: WireServer) -> None:
    connector = WebsocketConnector(wire.url)
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await connector.send(None)  # type: ignore[arg-type]
    await connector.disconnect()


async def test_a_connection_that_cannot_be_read_any_more_is_lost(wire: WireServer, caplog: pytest.LogCaptureFixture) -> None:
    lost = asyncio.get_running_loop().create_future()

    def fail(message: object) -> None:
        raise ZeroDivisionError("a bug")

    await WebsocketConnector(wire.url).connect(fail, lost.set_result)
    await asyncio.wait_for(wire.connected.wait(), 5)
    await wire.connection.send('[{"ScanningFinished":{"Id":0}}]')
    assert await asyncio.wait_for(lost, 5) == "reading failed: a bug"
    assert "ZeroDivisionError" in caplog.text


async def test_a_client_can_connect_again(client: ButtplugClient, wire: WireServer) -> None:
    await client.disconnect()
    await client.connect(wire.url)
    await client.devices[7].vibrate(1)


async def test_a_disconnect_that_is_cancelled_closes_the_socket_all_the_same(client: ButtplugClient, wire: WireServer) -> None:
    wire.silent = {"StopCmd"}
    await client.devices[7].vibrate(1)
    disconnecting = asyncio.create_task(client.disconnect())
    await wire.got("StopCmd")
    disconnecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await disconnecting
    await asyncio.wait_for(wire.connection.wait_closed(), 5)


async def test_nobody_listening_is_a_connector_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(ButtplugConnectorError, match=f"Failed to connect to ws://{host}:{port}") as raised:
            await ButtplugClient("Tests").connect(f"ws://{host}:{port}")
        assert "Is a Buttplug server running there, and is the port right?" in str(raised.value)
        assert "python -m buttplug.server" in str(raised.value)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("", "A URL looks like ws://127.0.0.1:12345"),
        ("127.0.0.1:12345", "did you mean ws://127.0.0.1:12345?"),
        ("localhost", "did you mean ws://localhost?"),
        ("http://127.0.0.1:12345", "did you mean ws://127.0.0.1:12345?"),
        ("https://127.0.0.1:12345", "did you mean wss://127.0.0.1:12345?"),
        ("ws://", "A URL looks like ws://127.0.0.1:12345"),
        ("ws://127.0.0.1:port", "Port could not be cast to integer value"),
    ],
)
async def test_a_wrong_url_is_a_connector_error_that_says_how_it_should_be(url: str, advice: str) -> None:
    with pytest.raises(ButtplugConnectorError, match="Failed to connect to") as raised:
        await ButtplugClient("Tests").connect(url)
    assert advice in str(raised.value)


@pytest.mark.parametrize("address", ["ws://127.0.0.1:1/", "ws://127.0.0.1:port/", "http://127.0.0.1/", "", "127.0.0.1"])
async def test_an_error_does_not_tell_the_token_in_a_url(address: str) -> None:
    with pytest.raises(ButtplugConnectorError, match=f"Failed to connect to {address}") as raised:
        await ButtplugClient("Tests").connect(f"{address}?token=secret-word")
    assert "secret-word" not in str(raised.value)


async def test_a_server_that_speaks_no_websocket_is_a_connector_error() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ButtplugConnectorError, match=r"403.*does not let this client in"):
            await ButtplugClient("Tests").connect(f"ws://127.0.0.1:{port}")


async def test_a_proxy_in_the_environment_is_not_used(wire: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "socks_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    async with ButtplugClient("Tests") as client:
        await client.connect(wire.url)
        assert client.connected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_a_server_with_tls_is_trusted_by_its_certificate_only(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: ASYNC221
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    wire = WireServer()
    async with await listen(wire.handle, tls) as server:
        url = f"wss://127.0.0.1:{port_of(server)}"
        trusting = ssl.create_default_context(cafile=str(certificate))
        async with ButtplugClient("Tests") as client:
            await client.connect(WebsocketConnector(url, ssl_context=trusting))
            assert client.server_name == "Wire"
        with pytest.raises(ButtplugConnectorError, match=r"certificate.*ssl_context"):
            await ButtplugClient("Tests").connect(url)
    async with await listen(wire.handle) as server:
        with pytest.raises(ButtplugConnectorError, match="Does the server speak TLS"):
            await ButtplugClient("Tests").connect(f"wss://127.0.0.1:{port_of(server)}")
