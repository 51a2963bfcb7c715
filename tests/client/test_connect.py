"""Connecting, the handshake, and disconnecting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugServer,
    DeviceErrorReason,
    ErrorCode,
)
from buttplug.core.codec import Malformed
from buttplug.core.messages import (
    DeviceList,
    Disconnect,
    Error,
    Ok,
    OutputCmd,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
)
from tests.fakes.scripted_server import ScriptedServer, vibrator


async def test_connecting_shakes_hands_and_learns_the_devices(server: ScriptedServer) -> None:
    client = ButtplugClient("My player")
    assert (client.name, client.connected, client.server_name, client.devices) == ("My player", False, None, {})
    await client.connect(server)
    assert server.received == [RequestServerInfo(1, "My player", 4, 0), RequestDeviceList(2)]
    assert (client.connected, client.server_name, client.scanning) == (True, "Scripted", False)
    assert {index: device.name for index, device in client.devices.items()} == {2: "Demo Stroker", 7: "Demo Vibrator"}
    await client.disconnect()


async def test_a_connector_that_fails_fails_the_connect(server: ScriptedServer) -> None:
    server.refuses = ButtplugConnectorError("nobody there")
    client = ButtplugClient("Tests")
    with pytest.raises(ButtplugConnectorError, match="nobody there"):
        await client.connect(server)
    assert not client.connected


@pytest.mark.parametrize("target", [None, 12345, b"ws://127.0.0.1:12345", ButtplugServer, {"ws": 12345}], ids=repr)
async def test_what_cannot_be_connected_to_is_a_connector_error_that_says_what_can(target: object) -> None:
    client = ButtplugClient("Tests")
    with pytest.raises(ButtplugConnectorError) as raised:
        await client.connect(target)  # type: ignore[arg-type]
    assert raised.value.message == (
        f"Cannot connect to {target!r}: connect() takes the URL of a server, such as ws://127.0.0.1:12345, a ButtplugServer "
        "that runs in this process, or a connector"
    )
    assert not client.connected


async def test_connecting_again_does_nothing(client: ButtplugClient, server: ScriptedServer) -> None:
    devices = dict(client.devices)
    await client.connect(server)
    assert len(server.received) == 2
    assert client.devices == devices


async def test_two_tasks_that_connect_at_once_make_one_connection(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests") as client:
        await asyncio.gather(client.connect(server), client.connect(server))
        assert len(server.sent(RequestServerInfo)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda id_: Error(id_, "go away", ErrorCode.INIT),
        lambda id_: Error(id_, "go away", ErrorCode.MSG),
        lambda id_: Ok(id_),
        lambda id_: ServerInfo(id_, "Old", 0, 3, 0),
        lambda id_: Malformed("Object missing required field", id_, "ServerInfo"),
    ],
    ids=["refusal", "other error", "wrong reply", "older version", "reply of an older version"],
)
@pytest.mark.parametrize("request_", [RequestServerInfo, RequestDeviceList])
async def test_anything_else_than_the_right_answers_is_a_handshake_error(
    server: ScriptedServer,
    request_: type[RequestServerInfo] | type[RequestDeviceList],
    answer: Callable[[int], ServerMessage | Malformed],
) -> None:
    server.script(request_, lambda message: answer(message.id))
    client = ButtplugClient("Tests")
    with pytest.raises(ButtplugHandshakeError):
        await client.connect(server)
    assert not client.connected
    assert client.server_name is None
    assert not server.connected


async def test_a_newer_server_is_fine(server: ScriptedServer) -> None:
    server.script(RequestServerInfo, lambda message: ServerInfo(message.id, "New", 0, 5, 1))
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        assert client.server_name == "New"


async def test_garbage_before_the_answer_to_the_handshake_is_skipped_and_told(server: ScriptedServer) -> None:
    def garbage_first(message: RequestServerInfo) -> ServerMessage:
        server.say(Malformed("not JSON"))
        server.say(Ok(0))
        server.say(DeviceList(0, {}))
        return ServerInfo(message.id, "Noisy", 0, 4, 0)

    server.script(RequestServerInfo, garbage_first)
    errors: list[Exception] = []
    client = ButtplugClient("Tests")
    client.on_error = errors.append
    async with client:
        await client.connect(server)
        assert client.server_name == "Noisy"
        assert set(client.devices) == {2, 7}
    assert [type(error) for error in errors] == [ButtplugMessageError] * 2


async def test_a_server_that_never_answers_the_handshake_is_given_up(server: ScriptedServer) -> None:
    server.silence(RequestServerInfo)
    client = ButtplugClient("Tests")
    with pytest.raises(ButtplugConnectorError, match="RequestServerInfo within 30 s"):
        await client.connect(server)
    assert not server.connected


@pytest.mark.parametrize("request_", [RequestServerInfo, RequestDeviceList])
async def test_a_connection_lost_in_the_handshake_is_raised_and_no_event(
    server: ScriptedServer, request_: type[RequestServerInfo] | type[RequestDeviceList]
) -> None:
    server.silence(request_)
    told: list[str] = []
    client = ButtplugClient("Tests")
    client.on_server_disconnect = lambda: told.append("gone")
    connecting = asyncio.create_task(client.connect(server))
    await asyncio.sleep(1)
    server.lose("slammed shut")
    with pytest.raises(ButtplugConnectorError, match="slammed shut"):
        await connecting
    await asyncio.sleep(1)
    assert told == []


async def test_a_connect_that_is_cancelled_leaves_no_connection_behind(server: ScriptedServer) -> None:
    server.silence(RequestDeviceList)
    client = ButtplugClient("Tests")
    connecting = asyncio.create_task(client.connect(server))
    await asyncio.sleep(1)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert not server.connected
    assert not client.connected


async def test_disconnecting_has_stopped_what_was_driven_waits_for_that_and_closes(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    loop = asyncio.get_running_loop()
    stopped: list[bool] = []

    def stop_slowly(message: Disconnect) -> None:
        def answer() -> None:
            stopped.append(server.connected)
            server.say(Ok(message.id))

        loop.call_later(0.5, answer)

    server.script(Disconnect, stop_slowly)
    server.script(StopCmd, lambda message: Error(message.id, "the session has ended", ErrorCode.INIT))
    device = client.devices[7]
    await device.vibrate(0.5)
    await client.disconnect()
    assert server.received[-2:] == [Disconnect(4), StopCmd(5, 7, 0, inputs=False, outputs=True)]
    assert stopped == [True]
    assert not server.connected
    assert (client.connected, client.server_name, client.devices, device.connected) == (False, None, {}, False)


async def test_disconnecting_closes_as_soon_as_the_server_has_confirmed_with_the_stops_or_without(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    """A server that knows Disconnect need not answer what came after it."""
    await client.vibrate(0.5)
    server.silence(StopCmd)
    began = asyncio.get_running_loop().time()
    await client.disconnect()
    assert asyncio.get_running_loop().time() == began
    assert not server.connected


@pytest.mark.parametrize(
    "answer",
    [lambda message: None, lambda message: Error(message.id, "unknown message", ErrorCode.MSG)],
    ids=["silent", "refusing"],
)
async def test_a_server_that_does_not_know_disconnect_is_told_what_to_stop_without_delay(
    client: ButtplugClient, server: ScriptedServer, answer: Callable[[Disconnect], Error | None]
) -> None:
    server.script(Disconnect, answer)
    errors: list[Exception] = []
    client.on_error = errors.append
    await client.devices[2].vibrate(0.5)
    await client.devices[2].position(0.5)
    sent = len(server.received)
    began = asyncio.get_running_loop().time()
    await client.disconnect()
    await asyncio.sleep(0)
    assert asyncio.get_running_loop().time() == began
    assert server.received[sent + 1 :] == [
        StopCmd(sent + 2, 2, 2, inputs=False, outputs=True),
        StopCmd(sent + 3, 2, 3, inputs=False, outputs=True),
        StopCmd(sent + 4, 2, 0, inputs=False, outputs=True),
    ]
    assert errors == []


async def test_disconnecting_leaves_alone_what_was_not_driven_or_is_stopped_already(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    """Other clients of the server may be using it."""
    await client.vibrate(0.5)
    await client.devices[2].features[2].stop()
    await client.devices[7].stop(outputs=False)
    await client.disconnect()
    assert [(stop.device_index, stop.feature_index) for stop in server.sent(StopCmd)[2:]] == [(2, 3), (7, 0)]


async def test_disconnecting_without_having_driven_anything_only_closes(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    await client.vibrate(0.5)
    await client.stop_all_devices()
    with pytest.raises(ButtplugDeviceError):
        await client.devices[2].vibrate(15)  # one of its two motors has fewer steps: nothing is sent
    sent = len(server.received)
    await client.disconnect()
    assert server.received[sent:] == []


@pytest.mark.parametrize("stop", ["feature", "device", "client"])
async def test_what_could_not_be_stopped_still_counts_as_driven(
    client: ButtplugClient, server: ScriptedServer, stop: str
) -> None:
    device = client.devices[7]
    await device.vibrate(0.5)
    server.script(StopCmd, lambda message: Error(message.id, "motor stuck", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError, match="motor stuck"):
        await {"feature": device.features[0].stop, "device": device.stop, "client": client.stop_all_devices}[stop]()
    await client.disconnect()
    assert server.received[-1] == StopCmd(6, 7, 0, inputs=False, outputs=True)


async def test_disconnecting_waits_2_seconds_for_the_stops_and_tells_which_were_not_answered(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    await client.vibrate(0.5)
    server.silence(Disconnect)
    server.script(StopCmd, lambda message: Ok(message.id) if message.device_index == 2 else None)
    started = asyncio.get_running_loop().time()
    await client.disconnect()
    assert asyncio.get_running_loop().time() - started == pytest.approx(2)
    assert not server.connected
    await asyncio.sleep(0)
    assert [(type(error), str(error)) for error in errors] == [
        (ButtplugConnectorError, 'The server did not stop device 7 "Demo Vibrator", feature 0 within 2 s')
    ]


async def test_a_server_that_accepts_the_disconnect_and_says_no_more_is_told_after_2_seconds(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    await client.devices[7].vibrate(0.5)
    server.silence(Disconnect)
    server.script(StopCmd, lambda message: Error(message.id, "the session has ended", ErrorCode.INIT))
    await client.disconnect()
    await asyncio.sleep(0)
    assert [str(error) for error in errors] == ['The server did not stop device 7 "Demo Vibrator", feature 0 within 2 s']


@pytest.mark.parametrize("knows_disconnect", [False, True])
async def test_a_stop_that_fails_at_the_disconnect_is_told(
    client: ButtplugClient, server: ScriptedServer, knows_disconnect: bool
) -> None:
    errors: list[Exception] = []
    client.on_error = errors.append
    await client.devices[7].vibrate(0.5)
    stuck, over = ("motor stuck", ErrorCode.DEVICE), ("the session has ended", ErrorCode.INIT)
    server.script(Disconnect, lambda message: Error(message.id, *stuck) if knows_disconnect else None)
    server.script(StopCmd, lambda message: Error(message.id, *(over if knows_disconnect else stuck)))
    await client.disconnect()
    await asyncio.sleep(0)
    where = "" if knows_disconnect else ' (device 7 "Demo Vibrator", feature 0)'
    assert [(type(error), str(error)) for error in errors] == [(ButtplugDeviceError, f"motor stuck{where}")]
    assert isinstance(errors[0], ButtplugDeviceError)
    assert errors[0].reason is DeviceErrorReason.WRITE_FAILED


async def test_a_server_that_goes_during_the_disconnect_is_told_as_an_error_only(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    told: list[str] = []
    client.on_server_disconnect = lambda: told.append("gone")
    client.on_error = lambda error: told.append(str(error))
    await client.devices[7].vibrate(0.5)
    server.silence(Disconnect)
    server.silence(StopCmd)
    disconnecting = asyncio.create_task(client.disconnect())
    await asyncio.sleep(1)
    server.lose("cable cut")
    await disconnecting
    await asyncio.sleep(0)
    assert told == [
        'The connection ended before StopCmd for device 7 "Demo Vibrator", feature 0 was answered: cable cut',
    ]
    assert not client.connected


async def test_a_server_that_accepts_the_disconnect_may_close_without_an_answer(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    told: list[str] = []
    client.on_server_disconnect = lambda: told.append("gone")
    client.on_error = lambda error: told.append(str(error))
    await client.devices[7].vibrate(0.5)
    server.silence(Disconnect)
    server.script(StopCmd, lambda message: Error(message.id, "the session has ended", ErrorCode.INIT))
    asyncio.get_running_loop().call_later(0.1, server.lose)
    await client.disconnect()
    await asyncio.sleep(0)
    assert told == []


async def test_nothing_is_sent_after_the_stop_of_a_disconnect(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    await device.vibrate(0.5)
    server.silence(Disconnect)
    server.silence(StopCmd)
    disconnecting = asyncio.create_task(client.disconnect())
    await asyncio.sleep(1)
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await device.vibrate(1)
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await client.start_scanning()
    await disconnecting
    assert isinstance(server.received[-1], StopCmd)


async def test_a_disconnect_that_is_cancelled_has_sent_the_stop_and_closes(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    await client.vibrate(0.5)
    server.silence(Disconnect)
    server.silence(StopCmd)
    disconnecting = asyncio.create_task(client.disconnect())
    await asyncio.sleep(1)
    disconnecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await disconnecting
    assert len(server.sent(Disconnect)) == 1
    assert len(server.sent(StopCmd)) == 3
    assert not server.connected
    assert not client.connected


async def test_the_second_disconnect_does_nothing(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.disconnect()
    sent = len(server.received)
    await client.disconnect()
    assert len(server.received) == sent


async def test_a_disconnect_without_a_connection_does_nothing() -> None:
    await ButtplugClient("Tests").disconnect()


async def test_the_own_disconnect_calls_no_callback(client: ButtplugClient, server: ScriptedServer) -> None:
    told: list[str] = []
    client.on_device_removed = lambda device: told.append(device.name)
    client.on_server_disconnect = lambda: told.append("gone")
    await client.disconnect()
    await asyncio.sleep(1)
    assert told == []


@pytest.mark.parametrize("error", [ValueError("a bug"), asyncio.CancelledError()])
async def test_leaving_the_context_stops_and_disconnects_whatever_happened(
    server: ScriptedServer, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            await client.devices[7].vibrate(1)
            raise error
    assert isinstance(server.received[-1], StopCmd)
    assert not server.connected


async def test_a_task_that_is_cancelled_in_the_context_stops_its_devices(server: ScriptedServer) -> None:
    async def play() -> None:
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            await client.devices[7].vibrate(1)
            await asyncio.sleep(3600)

    playing = asyncio.create_task(play())
    await asyncio.sleep(60)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert [type(message) for message in server.received[-3:]] == [OutputCmd, Disconnect, StopCmd]
    assert not server.connected


async def test_a_client_can_connect_again(client: ButtplugClient, server: ScriptedServer) -> None:
    old = client.devices[7]
    await client.disconnect()
    await client.connect(server)
    assert client.connected
    await client.devices[7].vibrate(0.5)
    assert isinstance(server.received[-1], OutputCmd)
    with pytest.raises(ButtplugConnectorError, match='"Demo Vibrator"'):
        await old.vibrate(0.5)


async def test_a_loss_of_the_server_clears_everything_and_a_client_can_connect_again(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    told: list[object] = []
    client.on_device_removed = told.append
    client.on_server_disconnect = lambda: told.append("gone")
    await client.start_scanning()
    devices = list(client.devices.values())
    server.lose()
    assert (client.connected, client.server_name, client.devices, client.scanning) == (False, None, {}, False)
    assert not any(device.connected for device in devices)
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await devices[0].stop()
    await asyncio.sleep(0)
    assert told == ["gone"]
    await client.connect(server)
    assert set(client.devices) == {2, 7}


async def test_messages_of_an_ended_connection_are_ignored(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.disconnect()
    other = ScriptedServer([vibrator(0)])
    await client.connect(other)
    server.say(DeviceList(0, {}))
    server.lose()
    assert client.connected
    assert set(client.devices) == {0}


async def test_scanning_tells_whether_a_scan_is_under_way(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.start_scanning()
    assert client.scanning
    await client.start_scanning()
    assert client.scanning
    await client.stop_scanning()
    assert not client.scanning
    server.script(StartScanning, lambda message: Error(message.id, "no bus", ErrorCode.UNKNOWN))
    with pytest.raises(Exception, match="no bus"):
        await client.start_scanning()
    assert not client.scanning
