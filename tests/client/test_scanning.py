"""Scanning for a while, and waiting for a device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugServer,
    ButtplugUnknownError,
    DeviceErrorReason,
    ErrorCode,
)
from buttplug.core.messages import Error, Ok, ScanningFinished, StartScanning, StopScanning
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.scripted_server import ScriptedServer, device_info, vibrator

CANNOT_SCAN = "nothing can be scanned: no bus is on"


def now() -> float:
    return asyncio.get_running_loop().time()


def later(seconds: float, server: ScriptedServer, *names: str) -> None:
    """Have the server find vibrators with these names, from index 10 on, beside what is there."""

    def find() -> None:
        server.show(*server.devices.values(), *(vibrator(10 + number, name) for number, name in enumerate(names)))

    asyncio.get_running_loop().call_later(seconds, find)


def finish(server: ScriptedServer) -> None:
    server.say(ScanningFinished(0))


def scans(server: ScriptedServer) -> list[str]:
    return [type(message).__name__ for message in server.received if isinstance(message, StartScanning | StopScanning)]


# scan()


async def test_a_scan_lasts_as_long_as_asked_for_and_returns_all_devices(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    later(2, server, "Found")
    began = now()
    scanning = asyncio.create_task(client.scan(3))
    await asyncio.sleep(1)
    assert client.scanning
    assert [device.name for device in await scanning] == ["Demo Stroker", "Demo Vibrator", "Found"]
    assert now() - began == pytest.approx(3)
    assert not client.scanning
    assert scans(server) == ["StartScanning", "StopScanning"]


async def test_a_scan_ends_when_the_server_is_done(client: ButtplugClient, server: ScriptedServer) -> None:
    began = now()
    asyncio.get_running_loop().call_later(1, finish, server)
    await client.scan(30)
    assert now() - began == pytest.approx(1)
    assert scans(server) == ["StartScanning"]


async def test_a_scan_that_is_cancelled_is_stopped(client: ButtplugClient, server: ScriptedServer) -> None:
    scanning = asyncio.create_task(client.scan(30))
    await asyncio.sleep(1)
    scanning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scanning
    assert scans(server) == ["StartScanning", "StopScanning"]


async def test_a_scan_leaves_alone_one_that_the_program_started(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.start_scanning()
    await client.scan(1)
    assert client.scanning
    await client.stop_scanning()
    assert scans(server) == ["StartScanning", "StartScanning", "StopScanning"]


async def test_the_longest_of_several_scans_stops_it(client: ButtplugClient, server: ScriptedServer) -> None:
    short, long = asyncio.create_task(client.scan(1)), asyncio.create_task(client.scan(5))
    await short
    assert client.scanning
    await long
    assert not client.scanning
    assert scans(server) == ["StartScanning", "StartScanning", "StopScanning"]


async def test_a_server_that_cannot_scan_says_so(client: ButtplugClient, server: ScriptedServer) -> None:
    server.script(StartScanning, lambda message: Error(message.id, CANNOT_SCAN, ErrorCode.UNKNOWN))
    for waiting in (client.scan(1), client.wait_for_device("Nora", timeout=1)):
        with pytest.raises(ButtplugUnknownError, match=CANNOT_SCAN):
            await waiting
    assert not client.scanning


async def test_without_a_connection_neither_is_possible() -> None:
    client = ButtplugClient("Tests")
    for waiting in (client.scan(1), client.wait_for_device("Nora", timeout=1)):
        with pytest.raises(ButtplugConnectorError, match="Not connected"):
            await waiting


@pytest.mark.parametrize("end", ["loss", "disconnect"])
@pytest.mark.parametrize("wait", ["scan", "wait_for_device"])
async def test_the_end_of_the_connection_ends_the_waiting(
    client: ButtplugClient, server: ScriptedServer, end: str, wait: str
) -> None:
    waiting = asyncio.create_task(client.scan(60) if wait == "scan" else client.wait_for_device("Nora"))
    await asyncio.sleep(1)
    if end == "loss":
        server.lose("cable cut")
    else:
        await client.disconnect()
    with pytest.raises(ButtplugConnectorError, match="cable cut" if end == "loss" else "client disconnected"):
        await asyncio.wait_for(waiting, 1)


# wait_for_device()


@pytest.mark.parametrize("name", ["Demo Vibrator", "vibrator", "VIB", None, "blue", "Stroker"])
async def test_a_device_that_is_there_is_returned_at_once_and_without_a_scan(
    client: ButtplugClient, server: ScriptedServer, name: str | None
) -> None:
    device = await client.wait_for_device(name, timeout=1)
    assert device is client.devices[7 if name and "vib" in name.casefold() else 2]
    assert scans(server) == []


async def test_a_device_is_waited_for_until_it_is_there(client: ButtplugClient, server: ScriptedServer) -> None:
    later(3, server, "Lovense Edge", "Lovense Nora")
    began = now()
    device = await client.wait_for_device("nora", timeout=10)
    assert now() - began == pytest.approx(3)
    assert device is client.devices[11]
    assert scans(server) == ["StartScanning", "StopScanning"]


async def test_the_name_that_the_user_gave_counts_too(client: ButtplugClient, server: ScriptedServer) -> None:
    waiting = asyncio.create_task(client.wait_for_device("red one"))
    await asyncio.sleep(1)
    server.show(device_info(3, "Anything", display_name="The Red One"))
    assert await waiting is client.devices[3]


async def test_a_scan_that_ends_too_early_is_started_again(client: ButtplugClient, server: ScriptedServer) -> None:
    def scan_for_a_moment(message: StartScanning) -> Ok:
        asyncio.get_running_loop().call_later(0.1, finish, server)
        return Ok(message.id)

    server.script(StartScanning, scan_for_a_moment)
    later(5, server, "Nora")
    await client.wait_for_device("Nora", timeout=10)
    assert scans(server) == ["StartScanning"] * 5


async def test_a_device_that_does_not_come_is_not_found(client: ButtplugClient, server: ScriptedServer) -> None:
    began = now()
    with pytest.raises(ButtplugDeviceError) as raised:
        await client.wait_for_device("Nora", timeout=2.5)
    assert now() - began == pytest.approx(2.5)
    assert raised.value.reason is DeviceErrorReason.NOT_FOUND
    assert raised.value.message == (
        'No device "Nora" was connected within 2.5 s; connected are: "Demo Stroker", "Demo Vibrator". Is it switched on and '
        "near, and not in use by another program or a phone?"
    )
    assert scans(server) == ["StartScanning", "StopScanning"]
    server.show()
    with pytest.raises(ButtplugDeviceError, match="No device was connected within 1 s; connected are: none"):
        await client.wait_for_device(timeout=1)


async def test_a_wait_that_is_cancelled_stops_its_scan(client: ButtplugClient, server: ScriptedServer) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await client.wait_for_device("Nora")
    assert scans(server) == ["StartScanning", "StopScanning"]


async def test_several_devices_can_be_waited_for_at_once(client: ButtplugClient, server: ScriptedServer) -> None:
    later(2, server, "Nora", "Edge")
    nora, edge = await asyncio.gather(client.wait_for_device("Nora"), client.wait_for_device("Edge"))
    assert (nora.name, edge.name) == ("Nora", "Edge")
    assert scans(server) == ["StartScanning", "StartScanning", "StopScanning"]


async def test_a_reconnecting_client_goes_on_waiting(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        waiting = asyncio.create_task(client.wait_for_device("Nora", timeout=60))
        await asyncio.sleep(1)
        server.lose()
        joined = asyncio.create_task(client.wait_for_device("Nora", timeout=60))
        later(10, server, "Nora")
        assert (await waiting).connected
        assert await joined is await waiting
        assert scans(server) == ["StartScanning", "StartScanning", "StartScanning", "StopScanning"]


async def test_a_connection_lost_at_the_start_of_the_next_scan_does_not_end_the_waiting_either(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        waiting = asyncio.create_task(client.wait_for_device("Nora", timeout=60))
        await asyncio.sleep(1)
        finish(server)
        server.silence(StartScanning)
        await asyncio.sleep(1.5)
        server.lose()
        server.script(StartScanning, lambda message: Ok(message.id))
        later(10, server, "Nora")
        assert (await waiting).connected


@pytest.fixture
async def real_server() -> AsyncIterator[ButtplugServer]:
    configuration = DeviceConfiguration.load()
    devices = [simulate(configuration, name) for name in ("Lovense Nora@nora", "Lovense Edge@edge")]
    async with ButtplugServer(managers=[SimulatedManager(devices)], configuration=configuration) as server:
        yield server


async def test_the_servers_devices_are_found(real_server: ButtplugServer) -> None:
    async with ButtplugClient("Tests") as client:
        await client.connect(real_server)
        edge = await client.wait_for_device("edge", timeout=5)
        assert edge.name == "Lovense Edge"
        assert {device.name for device in await client.scan(5)} == {"Lovense Nora", "Lovense Edge"}
