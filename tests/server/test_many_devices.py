"""Many devices that come and go, and many clients that are told: what that costs, and in which order it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from buttplug.core import codec
from buttplug.core.legacy import translator
from buttplug.core.legacy.device import Device
from buttplug.core.legacy.translator import Translator
from buttplug.core.legacy.versions import VERSIONS
from buttplug.core.messages import DeviceInfo, DeviceList, Ok, RequestDeviceList, ServerInfo, ServerMessage, WireStruct
from tests.server.conftest import Listen
from tests.server.wire import Place, ask, messages, until

pytestmark = pytest.mark.real_time

OLD_HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"old","MessageVersion":3}}]'
MODELS = ("aneros", "aneros", "aneros", "aneros")


@pytest.fixture
async def full(listen: Listen) -> Place:
    """A place with four devices."""
    return await listen(*MODELS)


async def told(wire: ClientConnection) -> list[tuple[str, dict[str, Any]]]:
    """Return what a client was told up to now."""
    heard = []
    await wire.send('[{"Ping":{"Id":77}}]')
    while (message := messages(await wire.recv())[0]) != ("Ok", {"Id": 77}):
        heard.append(message)
    return heard


async def test_a_list_of_devices_that_goes_to_several_clients_is_encoded_once(
    full: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    wires = [await full.connect(f"client {number}") for number in range(5)]
    encoded: list[str] = []
    encode = codec._encode

    def noted(message: Any) -> bytes:
        encoded.extend(message[0])
        return encode(message)

    monkeypatch.setattr(codec, "_encode", noted)
    full.house.simulated[2].disconnect()
    await asyncio.sleep(0.05)
    heard = [await told(wire) for wire in wires]
    assert [(name, list(body["Devices"])) for name, body in heard[0]] == [("DeviceList", ["0", "1", "3"])]
    assert heard == [heard[0]] * 5
    assert encoded.count("DeviceList") == 1


async def test_devices_that_go_in_one_turn_are_one_list_and_for_clients_of_old_versions_an_event_each(full: Place) -> None:
    new, old = await full.connect(), await full.connect(None)
    await old.send(OLD_HELLO)
    await old.recv()
    await ask(old, '[{"RequestDeviceList":{"Id":2}}]')
    for index in (2, 0, 3):
        full.house.simulated[index].disconnect()
    await asyncio.sleep(0.05)
    assert [(name, list(body["Devices"])) for name, body in await told(new)] == [("DeviceList", ["1"])]
    assert [(name, body["DeviceIndex"]) for name, body in await told(old)] == [("DeviceRemoved", index) for index in (0, 2, 3)]


async def test_what_is_said_between_two_changes_of_one_turn_stays_between_their_lists(full: Place) -> None:
    wire = await full.connect()
    (box,) = full.outboxes
    info = full.house.server.devices.infos()
    before, after = DeviceList(0, info), DeviceList(0, {0: info[0]})
    for message in (before, Ok(5), before, after, after, DeviceList(6, info), DeviceList(7, info), before):
        box.send(message)
    heard = [(name, body["Id"], len(body.get("Devices", ()))) for name, body in await told(wire)]
    assert heard == [
        ("DeviceList", 0, 4),
        ("Ok", 5, 0),
        ("DeviceList", 0, 1),
        ("DeviceList", 6, 4),
        ("DeviceList", 7, 4),
        ("DeviceList", 0, 4),
    ]


async def test_a_client_that_reads_slowly_is_told_of_each_change(full: Place) -> None:
    wire = await full.connect()
    (box,) = full.outboxes
    info = full.house.server.devices.infos()
    box.pause()
    for devices in (info, {}, info):
        box.send(DeviceList(0, devices))
    box.resume()
    assert [len(body["Devices"]) for _, body in await told(wire)] == [4, 0, 4], "the devices were away in between"


async def test_a_list_that_was_asked_for_is_never_older_than_an_event_before_it(full: Place) -> None:
    wire = await full.connect()
    sizes = []
    for index in range(4):
        await wire.send('[{"RequestDeviceList":{"Id":5}}]')
        full.house.simulated[index].disconnect()
        for _ in range(30):
            await wire.send('[{"RequestDeviceList":{"Id":5}}]')
            await asyncio.sleep(0)
    sizes = [len(body["Devices"]) for _, body in await told(wire)]
    assert len(sizes) == 4 * 31 + 4
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0


@pytest.mark.parametrize("number", range(4))
def test_a_change_describes_to_a_client_of_an_old_version_only_what_has_changed(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    described: list[int] = []
    version = VERSIONS[number]

    def describe(device: Device) -> WireStruct:
        described.append(device.index)
        return version.describe(device)

    monkeypatch.setattr(translator, "VERSIONS", {number: version._replace(describe=describe)})
    infos = {index: DeviceInfo(index, "toy", {}) for index in range(240)}
    heard: list[ServerMessage] = []
    client = Translator(heard.append, lambda: infos)
    hello = {"Id": 1, "ClientName": "old"} | ({"MessageVersion": number} if number else {})
    list(client.read(json.dumps([{"RequestServerInfo": hello}])))
    client.send(ServerInfo(1, "server", 0, 4, 0))
    (request,) = client.read('[{"RequestDeviceList":{"Id":2}}]')
    assert isinstance(request, RequestDeviceList)
    client.send(DeviceList(request.id, infos))
    described.clear()
    heard.clear()
    client.send(DeviceList(0, {index: info for index, info in infos.items() if index != 7}))
    client.send(DeviceList(0, {**infos, 5: DeviceInfo(5, "another", {})}))
    assert [(type(event).__name__, event.device_index) for event in heard] == [  # type: ignore[attr-defined]
        ("DeviceRemoved", 7),
        ("DeviceRemoved", 5),
        ("DeviceAdded", 5),
        ("DeviceAdded", 7),
    ]
    assert len(described) <= 4


async def test_answers_that_wait_share_their_list_until_a_device_comes_or_goes(full: Place) -> None:
    devices = full.house.server.devices
    before = devices.infos()
    assert devices.infos() is before
    full.house.simulated[0].disconnect()
    await until(lambda: len(devices.devices) == 3)
    assert sorted(devices.infos()) == [1, 2, 3]
    assert devices.infos() is devices.infos()
    assert sorted(before) == [0, 1, 2, 3]
