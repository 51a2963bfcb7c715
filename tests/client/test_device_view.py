"""The mapping of devices: as a dict, but a loop over it may await while devices come and go."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterable

import pytest

from buttplug import ButtplugClient, ButtplugDevice
from buttplug.client import Devices
from tests.fakes.scripted_server import ScriptedServer, stroker, vibrator

LOOPS: dict[str, Callable[[Devices], Iterable[object]]] = {
    "itself": lambda devices: devices,
    "keys": lambda devices: devices.keys(),
    "values": lambda devices: devices.values(),
    "items": lambda devices: devices.items(),
}
every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)


def index_of(item: object) -> int:
    """Return the index of what a loop gives: an index, a device, or both."""
    if isinstance(item, tuple):
        return index_of(item[0])
    if isinstance(item, ButtplugDevice):
        return item.index
    assert isinstance(item, int)
    return item


@every_loop
async def test_a_loop_goes_on_when_devices_come(
    client: ButtplugClient, server: ScriptedServer, loop: Callable[[Devices], Iterable[object]]
) -> None:
    seen = []
    for item in loop(client.devices):
        seen.append(index_of(item))
        server.show(stroker(2), vibrator(7), vibrator(8 + len(seen)))
        await asyncio.sleep(1)
    assert seen == [2, 7]
    assert set(client.devices) == {2, 7, 10}


@every_loop
async def test_a_loop_leaves_out_what_is_gone_by_then(
    client: ButtplugClient, server: ScriptedServer, loop: Callable[[Devices], Iterable[object]]
) -> None:
    server.show(stroker(2), vibrator(7), vibrator(8), vibrator(9))
    seen = []
    for item in loop(client.devices):
        seen.append(index_of(item))
        server.show(stroker(2), vibrator(8, "Another"), vibrator(9))
        await asyncio.sleep(1)
    assert seen == [2, 9]


@every_loop
async def test_a_loop_ends_with_the_connection(
    client: ButtplugClient, server: ScriptedServer, loop: Callable[[Devices], Iterable[object]]
) -> None:
    seen = []
    for item in loop(client.devices):
        seen.append(index_of(item))
        server.lose()
    assert seen == [2]


async def test_every_device_of_a_loop_can_be_commanded_while_devices_come_and_go(
    client: ButtplugClient, server: ScriptedServer
) -> None:
    server.show(*(vibrator(index) for index in range(20)))

    async def come_and_go() -> None:
        for turn in range(100):
            server.show(*(vibrator(index) for index in range(20) if (index + turn) % 7))
            await asyncio.sleep(0)

    turmoil = asyncio.create_task(come_and_go())
    for device in client.devices.values():
        assert device.connected
        await device.vibrate(0.5)
    await turmoil


async def test_it_is_a_dict(client: ButtplugClient, server: ScriptedServer) -> None:
    stroking, vibrating = client.devices[2], client.devices[7]
    plain = {2: stroking, 7: vibrating}
    devices = client.devices
    assert isinstance(devices, dict)
    assert devices == plain
    assert plain == devices
    assert (len(devices), bool(devices), 2 in devices, 3 in devices) == (2, True, True, False)
    assert devices.get(3) is None
    with pytest.raises(KeyError):
        devices[3]
    assert list(devices) == list(devices.keys()) == sorted(devices) == [2, 7]
    assert list(devices.values()) == [stroking, vibrating]
    assert list(devices.items()) == list(plain.items())
    assert dict(devices) == {**devices} == devices.copy() == copy.copy(devices) == devices | {} == plain
    assert repr(devices) == repr(plain)
    assert vibrating in devices.values()
    assert (7, vibrating) in devices.items()
    assert (len(devices.keys()), len(devices.values()), len(devices.items())) == (2, 2, 2)
    assert devices.keys() == plain.keys()
    assert devices.keys() | {9} == {2, 7, 9}
    assert next(iter(devices.values())) is stroking
    server.show()
    assert not devices
    assert devices == {}
    assert repr(devices) == "{}"


async def test_a_copy_does_not_change(client: ButtplugClient, server: ScriptedServer) -> None:
    before = client.devices.copy()
    server.show(vibrator(1))
    assert list(before) == [2, 7]
    assert list(client.devices) == [1]
