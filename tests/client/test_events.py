"""The iterator of events beside the callbacks."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from buttplug import (
    ButtplugClient,
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorCode,
    ErrorReceived,
    ScanningFinished,
    ServerDisconnected,
)
from buttplug.core import messages
from tests.fakes.scripted_server import ScriptedServer, vibrator


async def test_events_are_all_that_happens_from_the_call_on(client: ButtplugClient, server: ScriptedServer) -> None:
    stroking = client.devices[2]
    events = client.events()
    server.show(vibrator(7), vibrator(8))
    server.say(messages.ScanningFinished(0))
    server.say(messages.Error(0, "oops", ErrorCode.UNKNOWN))
    assert await anext(events) == DeviceRemoved(stroking)
    assert await anext(events) == DeviceAdded(client.devices[8])
    assert await anext(events) == ScanningFinished()
    error = await anext(events)
    assert isinstance(error, ErrorReceived)
    assert str(error.error) == "oops"


async def test_devices_that_are_there_at_the_start_are_events(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests") as client:
        events = client.events()
        await client.connect(server)
        assert [await anext(events), await anext(events)] == [DeviceAdded(device) for device in client.devices.values()]


async def test_a_lost_connection_removes_each_device_and_ends_the_events(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    devices = list(client.devices.values())
    events = client.events()
    server.lose("cable cut")
    told = [event async for event in events]
    assert told == [*(DeviceRemoved(device) for device in devices), ServerDisconnected("cable cut")]


async def test_the_own_disconnect_ends_the_events(client: ButtplugClient) -> None:
    events = client.events()

    async def collect() -> list[ClientEvent]:
        return [event async for event in events]

    collecting = asyncio.create_task(collect())
    await asyncio.sleep(1)
    await client.disconnect()
    assert await collecting == []


async def test_each_iterator_gets_every_event(client: ButtplugClient, server: ScriptedServer) -> None:
    first, second = client.events(), client.events()
    server.say(messages.ScanningFinished(0))
    assert await anext(first) == await anext(second) == ScanningFinished()


async def test_an_iterator_that_is_dropped_is_forgotten(client: ButtplugClient) -> None:
    events = client.events()
    forgotten = weakref.ref(events)
    del events
    assert forgotten() is None


async def test_waiting_for_an_event_can_be_limited_and_resumed(client: ButtplugClient, server: ScriptedServer) -> None:
    events = client.events()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await anext(events)
    server.say(messages.ScanningFinished(0))
    assert await anext(events) == ScanningFinished()
