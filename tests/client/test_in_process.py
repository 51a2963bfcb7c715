"""A client and a server in one process, with simulated devices behind the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugHandshakeError,
    ButtplugPingError,
    ButtplugServer,
    ButtplugUnknownError,
    DeviceAdded,
    DeviceRemoved,
    InProcessConnector,
    InputType,
    ScanningFinished,
    ServerDisconnected,
)
from buttplug.client.in_process import Server
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.json_connector import JsonConnector


@pytest.fixture(scope="module")
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


@pytest.fixture
def nora(configuration: DeviceConfiguration) -> SimulatedDevice:
    return simulate(configuration, "Lovense Nora@nora")


@pytest.fixture
def stroker(configuration: DeviceConfiguration) -> SimulatedDevice:
    return simulate(configuration, "tcode-v03@stroker")


@pytest.fixture
async def server(
    configuration: DeviceConfiguration, nora: SimulatedDevice, stroker: SimulatedDevice
) -> AsyncIterator[ButtplugServer]:
    async with ButtplugServer(
        "House", managers=[SimulatedManager([nora, stroker])], configuration=configuration, max_clients=2
    ) as server:
        yield server


async def scan(client: ButtplugClient) -> list[ButtplugDevice]:
    """Scan to the end and return the devices."""
    events = client.events()
    await client.start_scanning()
    async for event in events:
        if isinstance(event, ScanningFinished):
            break
    return list(client.devices.values())


@pytest.fixture
async def client(server: ButtplugServer) -> AsyncIterator[ButtplugClient]:
    """A client that has found the devices."""
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        await scan(client)
        yield client


@pytest.fixture
def device(client: ButtplugClient, nora: SimulatedDevice) -> ButtplugDevice:
    """The Nora, with what its hand-shake sent forgotten."""
    nora.packets.clear()
    return next(device for device in client.devices.values() if device.name == "Lovense Nora")


def sent(device: SimulatedDevice) -> list[bytes]:
    return [packet.data for packet in device.packets]


def test_the_server_is_what_the_connector_wants(server: ButtplugServer) -> None:
    assert isinstance(server, Server)


async def test_a_scan_finds_the_devices_and_ends(server: ButtplugServer) -> None:
    async with ButtplugClient("Tests") as client:
        await client.connect(InProcessConnector(server))
        assert client.server_name == "House"
        events = client.events()
        await scan(client)
        found = [await anext(events), await anext(events)]
        assert found == [DeviceAdded(device) for device in client.devices.values()]
        assert not client.scanning


async def test_commands_reach_the_device_before_they_return(device: ButtplugDevice, nora: SimulatedDevice) -> None:
    await device.vibrate(0.5)
    assert sent(nora)[-1:] == [b"Vibrate:10;"]
    await device.rotate(-0.25)
    assert b"Rotate:5;" in sent(nora)[-2:]


async def test_the_battery_is_read_from_the_device(device: ButtplugDevice) -> None:
    assert await device.battery() == 0.85


async def test_a_timed_position_takes_seconds(client: ButtplugClient, stroker: SimulatedDevice) -> None:
    await client.position(0.5, duration=0.4)
    assert sent(stroker)[-1].startswith(b"L0500I400")


async def test_the_failure_of_a_device_is_raised_and_names_it_once(device: ButtplugDevice, nora: SimulatedDevice) -> None:
    nora.write_error = HardwareError("battery empty")
    with pytest.raises(ButtplugDeviceError, match="battery empty") as raised:
        await device.vibrate(1.0)
    assert raised.value.message.count("Lovense Nora") == 1
    nora.write_error = None


async def test_leaving_the_context_stops_the_devices(server: ButtplugServer, nora: SimulatedDevice) -> None:
    with pytest.raises(ZeroDivisionError):
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            await scan(client)
            await client.vibrate(1.0)
            raise ZeroDivisionError
    assert b"Vibrate:0;" in sent(nora)
    assert not server.sessions


async def test_a_program_that_is_cancelled_stops_its_devices(server: ButtplugServer, nora: SimulatedDevice) -> None:
    async def play() -> None:
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            await scan(client)
            await client.vibrate(1.0)
            await asyncio.sleep(3600)

    playing = asyncio.create_task(play())
    await asyncio.sleep(60)
    assert b"Vibrate:0;" not in sent(nora)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert b"Vibrate:0;" in sent(nora)


async def test_a_device_that_goes_is_removed_and_refuses_commands(
    client: ButtplugClient, device: ButtplugDevice, nora: SimulatedDevice
) -> None:
    events = client.events()
    nora.disconnect()
    assert await anext(events) == DeviceRemoved(device)
    assert not device.connected
    with pytest.raises(ButtplugDeviceError, match="Lovense Nora"):
        await device.vibrate(1.0)
    nora.come_back()
    added = await anext(events)
    assert isinstance(added, DeviceAdded)
    assert added.device.index == device.index
    await added.device.vibrate(1.0)


async def test_the_shutdown_of_the_server_is_told_and_has_stopped_the_devices(
    server: ButtplugServer, client: ButtplugClient, device: ButtplugDevice, nora: SimulatedDevice
) -> None:
    await device.vibrate(1.0)
    events = client.events()
    await server.close()
    told = [event async for event in events]
    assert isinstance(told[-1], ServerDisconnected)
    assert "shutting down" in told[-1].reason
    assert b"Vibrate:0;" in sent(nora)
    assert not client.connected
    with pytest.raises(ButtplugConnectorError):
        await client.connect(server)


async def test_a_client_pings_as_often_as_the_server_wants(
    configuration: DeviceConfiguration, stroker: SimulatedDevice
) -> None:
    managers = [SimulatedManager([stroker])]
    async with ButtplugServer(managers=managers, configuration=configuration, max_ping_time=100) as server:
        errors: list[Exception] = []
        async with ButtplugClient("Tests") as client:
            client.on_error = errors.append
            await client.connect(server)
            await asyncio.sleep(60)
            assert client.connected
        assert errors == []


async def test_a_client_that_cannot_ping_is_told_that_its_devices_were_stopped(
    configuration: DeviceConfiguration, nora: SimulatedDevice
) -> None:
    async with ButtplugServer(managers=[SimulatedManager([nora])], configuration=configuration, max_ping_time=100) as server:
        errors: list[Exception] = []
        async with ButtplugClient("Tests") as client:
            client.on_error = errors.append
            await client.connect(server)
            await scan(client)
            await client.vibrate(1.0)
            assert client._pinger is not None
            client._pinger.stop()
            await asyncio.sleep(1)
            assert not client.connected
        assert [type(error) for error in errors] == [ButtplugPingError]
        assert b"Vibrate:0;" in sent(nora)


async def test_a_server_with_too_many_clients_refuses_with_their_names(server: ButtplugServer, client: ButtplugClient) -> None:
    async with ButtplugClient("Second") as second:
        await second.connect(server)
        with pytest.raises(ButtplugHandshakeError, match="2 clients connected: Second, Tests"):
            await ButtplugClient("Third").connect(server)


async def test_clients_share_devices_and_one_that_leaves_stops_only_what_it_drove(
    server: ButtplugServer, client: ButtplugClient, nora: SimulatedDevice, stroker: SimulatedDevice
) -> None:
    async with ButtplugClient("Second") as second:
        await second.connect(server)
        assert set(second.devices) == set(client.devices)
        await client.vibrate(1.0)
        await second.position(1.0, duration=10)
        nora.packets.clear()
        stroker.packets.clear()
    await asyncio.sleep(1)
    assert sent(nora) == []
    assert sent(stroker) != []


@pytest.mark.parametrize("json", [False, True], ids=["in process", "over the wire"])
async def test_a_client_that_leaves_stops_its_outputs_of_a_device_and_not_those_of_another_client(
    server: ButtplugServer, client: ButtplugClient, device: ButtplugDevice, nora: SimulatedDevice, json: bool
) -> None:
    errors: list[Exception] = []
    async with ButtplugClient("Second") as second:
        second.on_error = errors.append
        await second.connect(JsonConnector(server) if json else server)
        mine = second.devices[device.index]
        await device.rotate(0.5)
        await mine.vibrate(0.5)
        nora.packets.clear()
    assert sent(nora) == [b"Vibrate:0;"]
    assert errors == []


@pytest.mark.parametrize("json", [False, True], ids=["in process", "over the wire"])
async def test_a_client_that_leaves_does_not_stop_what_another_client_has_taken_over(
    server: ButtplugServer, client: ButtplugClient, device: ButtplugDevice, nora: SimulatedDevice, json: bool
) -> None:
    async with ButtplugClient("Second") as second:
        await second.connect(JsonConnector(server) if json else server)
        await second.devices[device.index].vibrate(0.25)
        await device.vibrate(0.5)
        nora.packets.clear()
    await asyncio.sleep(1)
    assert sent(nora) == []


async def test_the_own_disconnect_is_a_quiet_end_for_who_listens(configuration: DeviceConfiguration) -> None:
    """To this server's answer to a disconnect belongs that it closes the session too."""
    pearl = simulate(configuration, "Kiiroo Pearl 2.1@pearl")
    async with ButtplugServer(managers=[SimulatedManager([pearl])], configuration=configuration) as server:
        client = ButtplugClient("Tests")
        await client.connect(server)
        device = await client.wait_for_device("Pearl", timeout=10)
        await device.vibrate(0.5)

        async def listen() -> int:
            return len([reading async for reading in device.subscribe(InputType.PRESSURE)])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(1)
        await client.disconnect()
        assert await listening == 0


async def test_a_server_without_buses_says_why_it_cannot_scan(configuration: DeviceConfiguration) -> None:
    async with ButtplugServer(configuration=configuration) as server, ButtplugClient("Tests") as client:
        await client.connect(server)
        with pytest.raises(ButtplugUnknownError, match="scanned"):
            await client.start_scanning()
        assert not client.scanning
