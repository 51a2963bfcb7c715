"""A client that comes back by itself: when, with which devices, what it tells, and that nothing moves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugServer,
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorCode,
    InputType,
    ReconnectFailed,
    ServerDisconnected,
    ServerReconnected,
)
from buttplug.client.reconnect import FIRST_PAUSE, LONGEST_PAUSE
from buttplug.core.messages import (
    DeviceInfo,
    Error,
    InputCmd,
    InputReading,
    InputValue,
    OutputCmd,
    RequestDeviceList,
    RequestServerInfo,
    StopCmd,
)
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.json_connector import JsonConnector
from tests.fakes.scripted_server import ScriptedServer, device_info, stroker, vibrator

#: Seconds after which the first attempt has been made.
SOON = FIRST_PAUSE + 0.01

NOBODY = ButtplugConnectorError("nobody there")


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[ButtplugClient]:
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        yield client


@pytest.fixture
def told(client: ButtplugClient) -> list[str]:
    """What the callbacks are told."""
    told: list[str] = []
    client.on_device_added = lambda device: told.append(f"added {device.index}")
    client.on_device_removed = lambda device: told.append(f"removed {device.index}")
    client.on_server_disconnect = lambda: told.append("disconnected")
    client.on_server_reconnect = lambda: told.append("reconnected")
    client.on_error = lambda error: told.append(str(error))
    return told


async def come_back(client: ButtplugClient, server: ScriptedServer, *devices: DeviceInfo) -> None:
    """Lose the connection, and have the client find the server again with these devices."""
    server.devices = {device.device_index: device for device in devices}
    server.lose()
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.connected


def pauses(server: ScriptedServer, since: float) -> list[float]:
    """Return the time before each attempt to connect."""
    times = [since, *(time for time in server.attempts if time > since)]
    return [after - before for before, after in itertools.pairwise(times)]


# When


async def test_without_being_asked_to_it_does_not_come_back(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        server.lose()
        await asyncio.sleep(3600)
        assert len(server.attempts) == 1
        assert not client.connected


async def test_it_comes_back_soon(client: ButtplugClient, server: ScriptedServer) -> None:
    server.lose()
    assert repr(client) == '<ButtplugClient "Tests": reconnecting>'
    await asyncio.sleep(SOON)
    assert client.connected
    assert client.server_name == "Scripted"
    assert set(client.devices) == {2, 7}


async def test_it_tries_again_ever_less_often_and_never_gives_up(client: ButtplugClient, server: ScriptedServer) -> None:
    server.refuses = NOBODY
    lost = asyncio.get_running_loop().time()
    server.lose()
    await asyncio.sleep(24 * 3600)
    found = pauses(server, lost)
    longest = [min(FIRST_PAUSE * 2 ** min(attempt, 10), LONGEST_PAUSE) for attempt in range(len(found))]
    assert all(most / 2 <= pause <= most for pause, most in zip(found, longest, strict=True))
    assert len(found) > 24 * 3600 / LONGEST_PAUSE
    server.refuses = None
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.connected


async def test_several_clients_do_not_come_all_at_once() -> None:
    servers = [ScriptedServer() for _ in range(20)]
    clients = [ButtplugClient(f"Client {number}", reconnect=True) for number in range(20)]
    for client, server in zip(clients, servers, strict=True):
        await client.connect(server)
        server.lose()
    await asyncio.sleep(SOON)
    times = sorted(server.attempts[-1] for server in servers)
    assert len(set(times)) == 20
    assert times[-1] - times[0] > FIRST_PAUSE / 8
    for client in clients:
        await client.disconnect()


@pytest.mark.parametrize("request_", [RequestServerInfo, RequestDeviceList])
async def test_a_server_that_drops_it_in_the_handshake_is_not_besieged(
    client: ButtplugClient, server: ScriptedServer, request_: type[RequestServerInfo] | type[RequestDeviceList]
) -> None:
    def drop(request: object) -> None:
        asyncio.get_running_loop().call_soon(server.lose)

    server.lose()
    lost = asyncio.get_running_loop().time()
    server.script(request_, drop)
    await asyncio.sleep(3600)
    assert len(pauses(server, lost)) < 3600 / (LONGEST_PAUSE / 2) + 10


async def test_a_server_that_drops_it_soon_is_not_besieged(client: ButtplugClient, server: ScriptedServer) -> None:
    waited = []
    for _ in range(8):
        lost = asyncio.get_running_loop().time()
        server.lose()
        while not client.connected:
            await asyncio.sleep(0.01)
        waited.append(asyncio.get_running_loop().time() - lost)
    assert waited[-1] >= LONGEST_PAUSE / 2
    await asyncio.sleep(LONGEST_PAUSE + 1)
    server.lose()
    await asyncio.sleep(SOON)
    assert client.connected


@pytest.mark.parametrize("failure", ["handshake", "silence", "bug"])
async def test_whatever_fails_it_tries_again(
    client: ButtplugClient, server: ScriptedServer, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_(*handlers: object) -> None:
        raise ZeroDivisionError("a bug of the connector")

    with monkeypatch.context() as patch:
        if failure == "handshake":
            server.script(RequestServerInfo, lambda hello: Error(hello.id, "not now", ErrorCode.INIT))
        elif failure == "silence":
            server.silence(RequestServerInfo)
        else:
            patch.setattr(server, "connect", break_)
        server.lose()
        await asyncio.sleep(120)
        assert not client.connected
    server.script(RequestServerInfo, ScriptedServer().answer_of(RequestServerInfo))
    await asyncio.sleep(2 * LONGEST_PAUSE)
    assert client.connected


async def test_a_missed_ping_is_a_loss_too() -> None:
    server = ScriptedServer([vibrator(7)], max_ping_time=1000)
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        server.say(Error(0, "no ping for 1000 ms", ErrorCode.PING))
        assert not client.connected
        await asyncio.sleep(60)
        assert client.connected
        assert len(server.attempts) == 2


async def test_a_first_connection_that_cannot_be_made_is_not_tried_again(server: ScriptedServer) -> None:
    server.refuses = NOBODY
    client = ButtplugClient("Tests", reconnect=True)
    with pytest.raises(ButtplugConnectorError, match="nobody there"):
        await client.connect(server)
    await asyncio.sleep(3600)
    assert len(server.attempts) == 1


@pytest.mark.parametrize("moment", [0.1, 100.0], ids=["before the first attempt", "between attempts"])
async def test_a_disconnect_ends_the_attempts(client: ButtplugClient, server: ScriptedServer, moment: float) -> None:
    events = client.events()
    server.refuses = NOBODY
    server.lose()
    await asyncio.sleep(moment)
    attempts = len(server.attempts)
    await client.disconnect()
    await asyncio.sleep(3600)
    assert len(server.attempts) == attempts
    async with asyncio.timeout(1):
        assert isinstance([event async for event in events][-1], ServerDisconnected | ReconnectFailed)
    assert repr(client) == '<ButtplugClient "Tests": not connected>'


async def test_a_disconnect_ends_an_attempt_that_is_under_way(client: ButtplugClient, server: ScriptedServer) -> None:
    server.silence(RequestServerInfo)
    server.lose()
    await asyncio.sleep(SOON)
    assert server.connected
    await client.disconnect()
    assert not server.connected
    await asyncio.sleep(3600)
    assert len(server.attempts) == 2


async def test_the_program_may_connect_by_itself_meanwhile(client: ButtplugClient, server: ScriptedServer) -> None:
    server.lose()
    other = ScriptedServer([vibrator(0)])
    await client.connect(other)
    await asyncio.sleep(3600)
    assert len(server.attempts) == 1
    assert set(client.devices) == {0}


async def test_a_program_that_cannot_connect_by_itself_leaves_it_to_the_client(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    device = client.devices[7]
    server.lose()
    other = ScriptedServer()
    other.refuses = NOBODY
    for target in (other, None):
        with pytest.raises(ButtplugConnectorError):
            await client.connect(target)  # type: ignore[arg-type]
    await asyncio.sleep(SOON)
    assert client.connected
    assert client.devices[7] is device


async def test_commands_meanwhile_say_that_it_is_reconnecting(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    server.lose()
    with pytest.raises(ButtplugConnectorError, match="Not connected: reconnecting"):
        await client.vibrate(0.5)
    with pytest.raises(ButtplugConnectorError, match='Not connected: the connection of device 7 "Demo Vibrator"'):
        await device.vibrate(0.5)
    with pytest.raises(ButtplugConnectorError, match='Not connected: the connection of device 7 "Demo Vibrator"'):
        await device.stop()
    assert not device.connected


# What it tells


async def test_events_say_what_happens(client: ButtplugClient, server: ScriptedServer, told: list[str]) -> None:
    stroking, vibrating = client.devices[2], client.devices[7]
    events = client.events()
    server.refuses = NOBODY
    server.lose("cable cut")
    await asyncio.sleep(SOON)
    server.refuses = None
    await asyncio.sleep(2 * FIRST_PAUSE)
    await client.disconnect()
    seen: list[ClientEvent] = [event async for event in events]
    assert seen[:3] == [DeviceRemoved(stroking), DeviceRemoved(vibrating), ServerDisconnected("cable cut")]
    failed = seen[3]
    assert isinstance(failed, ReconnectFailed)
    assert failed.error is NOBODY
    assert FIRST_PAUSE <= failed.retry_in <= 2 * FIRST_PAUSE
    assert seen[4:] == [ServerReconnected("Scripted"), DeviceAdded(stroking), DeviceAdded(vibrating)]
    assert told == ["disconnected", "reconnected", "added 2", "added 7"]


async def test_the_devices_are_there_when_the_return_is_told(client: ButtplugClient, server: ScriptedServer) -> None:
    seen: list[int] = []
    client.on_server_reconnect = lambda: seen.extend(client.devices)
    await come_back(client, server, vibrator(7))
    assert seen == [7]


async def test_the_callback_may_command_and_scan(client: ButtplugClient, server: ScriptedServer) -> None:
    async def resume() -> None:
        await client.start_scanning()
        await client.devices[7].vibrate(0.5)

    client.on_server_reconnect = resume
    await come_back(client, server, vibrator(7))
    assert client.scanning
    assert len(server.sent(OutputCmd)) == 1


# Which devices


async def test_devices_that_are_the_same_are_the_same_objects(client: ButtplugClient, server: ScriptedServer) -> None:
    stroking, vibrating = client.devices[2], client.devices[7]
    await come_back(client, server, stroker(2), vibrator(7))
    assert client.devices == {2: stroking, 7: vibrating}
    assert stroking.connected
    await stroking.features[1].rotate(0.5)
    await vibrating.vibrate(0.5)
    await vibrating.stop()
    assert len(server.sent(OutputCmd)) == 2


@pytest.mark.parametrize(
    "other",
    [
        vibrator(7, "Another"),
        vibrator(7, steps=10),
        stroker(7),
        device_info(7, "Demo Vibrator", *vibrator(7).device_features.values(), display_name="hers"),
    ],
    ids=["name", "range", "features", "display name"],
)
async def test_another_device_at_the_same_index_is_another_object(
    client: ButtplugClient, server: ScriptedServer, other: DeviceInfo
) -> None:
    before = client.devices[7]
    await come_back(client, server, other)
    assert client.devices[7] is not before
    assert not before.connected
    with pytest.raises(ButtplugConnectorError):
        await before.vibrate(0.5)


async def test_a_device_at_another_index_is_another_object(client: ButtplugClient, server: ScriptedServer) -> None:
    before = client.devices[7]
    await come_back(client, server, vibrator(8))
    assert client.devices[8] is not before


async def test_a_device_that_is_found_later_is_the_same_object_too(client: ButtplugClient, server: ScriptedServer) -> None:
    """A server that was restarted has to scan before it has its devices again."""
    before = client.devices[7]
    await come_back(client, server)
    assert client.devices == {}
    await come_back(client, server, stroker(2))
    server.show(stroker(2), vibrator(7))
    assert client.devices[7] is before
    assert before.connected


async def test_a_device_that_went_by_itself_comes_back_as_another_object(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    before = client.devices[7]
    server.show(stroker(2))
    await come_back(client, server, stroker(2), vibrator(7))
    assert client.devices[7] is not before


async def test_a_device_that_has_been_replaced_does_not_come_back(client: ButtplugClient, server: ScriptedServer) -> None:
    before = client.devices[7]
    await come_back(client, server, stroker(7))
    server.show(vibrator(7))
    assert client.devices[7] is not before


async def test_after_a_disconnect_all_devices_are_new(client: ButtplugClient, server: ScriptedServer) -> None:
    before = client.devices[7]
    await client.disconnect()
    await client.connect(server)
    assert client.devices[7] is not before


# Nothing moves


async def test_nothing_is_resumed(client: ButtplugClient, server: ScriptedServer) -> None:
    async def listen(device: ButtplugDevice) -> None:
        async for _ in device.subscribe(InputType.PRESSURE):
            pass

    await client.vibrate(0.5)
    await client.start_scanning()
    listening = asyncio.create_task(listen(client.devices[2]))
    await asyncio.sleep(1)
    sent = len(server.received)
    await come_back(client, server, stroker(2), vibrator(7))
    await asyncio.sleep(3600)
    assert [type(message).__name__ for message in server.received[sent:]] == ["RequestServerInfo", "RequestDeviceList"]
    assert not client.scanning
    assert listening.done()
    with pytest.raises(ButtplugConnectorError):
        await listening


async def test_what_was_driven_before_the_loss_is_not_driven_any_more(client: ButtplugClient, server: ScriptedServer) -> None:
    """The server has stopped it, and another client may be driving it by now."""
    await client.vibrate(0.5)
    await come_back(client, server, stroker(2), vibrator(7))
    await client.disconnect()
    assert server.sent(StopCmd) == []


async def test_a_subscription_can_be_made_again(client: ButtplugClient, server: ScriptedServer) -> None:
    feature = client.devices[2].features[5]
    with pytest.raises(ButtplugConnectorError, match="cable cut"):
        asyncio.get_running_loop().call_later(1, server.lose, "cable cut")
        async for _ in feature.subscribe(InputType.PRESSURE):
            pass
    await asyncio.sleep(SOON)
    asyncio.get_running_loop().call_later(1, lambda: server.say(InputReading(0, 2, 5, {"Pressure": InputValue(7)})))
    async with asyncio.timeout(5):
        async for reading in feature.subscribe(InputType.PRESSURE):
            assert (reading.feature, reading.value) == (feature, 7)
            break
    await asyncio.sleep(1)
    assert [message.command for message in server.sent(InputCmd)] == ["Subscribe", "Subscribe", "Unsubscribe"]


async def test_a_subscription_that_was_being_made_at_the_loss_can_be_made_again(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    feature = client.devices[2].features[5]
    answer = server.answer_of(InputCmd)
    server.silence(InputCmd)
    subscribing = asyncio.create_task(anext(feature.subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    await come_back(client, server, stroker(2))
    with pytest.raises(ButtplugConnectorError):
        await subscribing
    server.script(InputCmd, answer)
    subscribing = asyncio.create_task(anext(feature.subscribe(InputType.PRESSURE)))
    await asyncio.sleep(1)
    assert [message.command for message in server.sent(InputCmd)] == ["Subscribe", "Subscribe"]
    subscribing.cancel()
    await asyncio.gather(subscribing, return_exceptions=True)


# With this package's server


async def test_a_server_that_restarts_gets_its_client_back() -> None:
    configuration = DeviceConfiguration.load()
    toy = simulate(configuration, "Lovense Nora")

    def start() -> ButtplugServer:
        return ButtplugServer(managers=[SimulatedManager([toy])], configuration=configuration, max_ping_time=1000)

    async with ButtplugClient("Tests", reconnect=True) as client:
        async with start() as server:
            connector = JsonConnector(server)
            await client.connect(connector)
            nora = await client.wait_for_device("Nora", timeout=10)
            await nora.vibrate(0.5)
        assert not client.connected
        async with start() as connector.server:
            await asyncio.sleep(SOON)
            assert client.connected
            toy.packets.clear()
            assert await client.wait_for_device("Nora", timeout=10) is nora
            await asyncio.sleep(10)
            assert not [packet.data for packet in toy.packets if packet.data.startswith((b"Vibrate:1", b"Rotate:1"))]
            await nora.vibrate(0.25)
            assert toy.packets[-1].data == b"Vibrate:5;"
