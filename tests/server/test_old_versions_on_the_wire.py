"""Clients of every version over a real websocket: all they say is answered, and however they leave, their devices stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from buttplug.server import websocket
from buttplug.server.outbox import READINGS_LIMIT
from tests.server.conftest import Listen
from tests.server.wire import CLOSE, Place, ask, close_code, frame, hear, until

pytestmark = pytest.mark.real_time

every_version = pytest.mark.parametrize("version", range(5))
old = pytest.mark.parametrize("version", range(4))

DRIVE: dict[int, dict[str, Any]] = {
    0: {"SingleMotorVibrateCmd": {"Id": 2, "DeviceIndex": 0, "Speed": 0.5}},
    1: {"VibrateCmd": {"Id": 2, "DeviceIndex": 0, "Speeds": [{"Index": 0, "Speed": 0.5}, {"Index": 1, "Speed": 0.5}]}},
    2: {"VibrateCmd": {"Id": 2, "DeviceIndex": 0, "Speeds": [{"Index": 1, "Speed": 0.5}, {"Index": 0, "Speed": 0.5}]}},
    3: {
        "ScalarCmd": {
            "Id": 2,
            "DeviceIndex": 0,
            "Scalars": [{"Index": index, "Scalar": 0.5, "ActuatorType": "Vibrate"} for index in (0, 1)],
        }
    },
    4: {"OutputCmd": {"Id": 2, "DeviceIndex": 0, "FeatureIndex": 0, "Command": {"Vibrate": {"Value": 64}}}},
}
STOPS = {b"\xf1\x00", b"\xf2\x00"}

Leave = Callable[[Place, ClientConnection], Awaitable[object]]


async def connect(place: Place, version: int) -> ClientConnection:
    """Connect and shake hands."""
    wire = await place.connect(None)
    fields = {"Id": 1, "ClientName": "old", **({"MessageVersion": version} if version else {})}
    name, _ = await ask(wire, json.dumps([{"RequestServerInfo": fields}]))
    assert name == "ServerInfo"
    return wire


async def close(place: Place, wire: ClientConnection) -> None:
    await wire.close()


async def vanish(place: Place, wire: ClientConnection) -> None:
    wire.transport.abort()


async def say_so(place: Place, wire: ClientConnection) -> None:
    assert await ask(wire, '[{"Disconnect":{"Id":5}}]') == ("Ok", {"Id": 5})
    assert await close_code(wire) == (1000, "disconnected as asked")


async def break_the_protocol(place: Place, wire: ClientConnection) -> None:
    wire.transport.write(b"\xff\xff\xff\xff")
    assert (await close_code(wire))[0] == 1002


async def close_and_stay(place: Place, wire: ClientConnection) -> None:
    wire.transport.write(frame("\x03\xe8", CLOSE))


async def close_half(place: Place, wire: ClientConnection) -> None:
    wire.transport.write_eof()


async def hear_no_more(place: Place, wire: ClientConnection) -> None:
    wire.transport.pause_reading()


async def send_too_much(place: Place, wire: ClientConnection) -> None:
    await wire.send("x" * 5_000_000)
    assert (await close_code(wire))[0] == 1009


async def outlive_the_server(place: Place, wire: ClientConnection) -> None:
    await place.house.server.close()


WAYS: tuple[Leave, ...] = (
    *(close, vanish, say_so, break_the_protocol, close_and_stay, close_half, hear_no_more, send_too_much, outlive_the_server),
)


@every_version
@pytest.mark.parametrize("leave", WAYS, ids=lambda leave: leave.__name__)
async def test_however_a_client_leaves_its_devices_are_stopped(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, version: int, leave: Leave
) -> None:
    monkeypatch.setattr(websocket, "PING_INTERVAL", 0.2)
    place = await listen()
    wire = await connect(place, version)
    assert (await ask(wire, json.dumps([DRIVE[version]])))[0] == "Ok"
    driven = place.house.sent()
    assert driven[0] == b"\xf1\x40"
    await leave(place, wire)
    await until(lambda: len(place.house.sent()) >= 2 * len(driven))
    await until(lambda: not place.house.server.sessions)
    assert STOPS.issuperset(place.house.sent()[len(driven) :])
    if not wire.transport.is_closing():
        wire.transport.abort()


@every_version
async def test_a_client_that_misses_its_ping_is_told_by_its_code_and_its_devices_are_stopped(
    listen: Listen, version: int
) -> None:
    place = await listen(max_ping_time=200)
    wire = await connect(place, version)
    await ask(wire, json.dumps([DRIVE[version]]))
    driven = len(place.house.sent())
    text = "no ping for 200 ms: your devices were stopped"
    assert await hear(wire) == ("Error", {"Id": 0, "ErrorMessage": text, "ErrorCode": 2})
    assert len(place.house.sent()) == 2 * driven
    assert STOPS.issuperset(place.house.sent()[driven:])
    assert await close_code(wire) == (4001, "no ping for 200 ms")


@old
@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b'[{"Ping":{"Id":5}}]', (0, 3)),
        ("garbage", (0, 3)),
        ("{}", (0, 3)),
        ("[]", (0, 3)),
        ("[5]", (0, 3)),
        ("[" * 2000, (0, 3)),
        ('[{"Ping":{"Id":NaN}}]', (0, 3)),
        ('[{"Ping":{"Id":5},"StopAllDevices":{"Id":6}}]', (0, 3)),
        ('[{"Ping":[]}]', (0, 3)),
        ('[{"StopDeviceCmd":{"DeviceIndex":0}}]', (0, 3)),
        ('[{"StopDeviceCmd":{"Id":0,"DeviceIndex":0}}]', (0, 3)),
        ('[{"StopDeviceCmd":{"Id":-5,"DeviceIndex":0}}]', (0, 3)),
        ('[{"StopDeviceCmd":{"Id":4294967296,"DeviceIndex":0}}]', (0, 3)),
        ('[{"StopDeviceCmd":{"Id":5}}]', (5, 3)),
        ('[{"StopDeviceCmd":{"Id":5,"DeviceIndex":null}}]', (5, 3)),
        ('[{"StopDeviceCmd":{"Id":5,"DeviceIndex":"0"}}]', (5, 3)),
        ('[{"StopDeviceCmd":{"Id":5,"DeviceIndex":7}}]', (5, 4)),
        ('[{"SingleMotorVibrateCmd":{"Id":5,"DeviceIndex":0,"Speed":1.5}}]', (5, 3)),
        ('[{"SingleMotorVibrateCmd":{"Id":5,"DeviceIndex":0,"Speed":true}}]', (5, 3)),
        ('[{"Pong":{"Id":5}}]', (5, 3)),
        ('[{"Ok":{"Id":5}}]', (5, 3)),
        ('[{"StopCmd":{"Id":5}}]', (5, 3)),
        ('[{"KiirooCmd":{"Id":5,"DeviceIndex":0,"Command":"3"}}]', (5, 3)),
        ('[{"RequestServerInfo":{"Id":5,"ClientName":"again"}}]', (5, 1)),
        ('[{"RequestLog":{"Id":5,"LogLevel":"Trace"}}]', (5, 3)),
        ('[{"BatteryLevelCmd":{"Id":5,"DeviceIndex":7}}]', None),
    ],
    ids=repr,
)
async def test_nothing_is_met_with_silence(
    place: Place, version: int, text: str | bytes, error: tuple[int, int] | None
) -> None:
    wire = await connect(place, version)
    name, body = await ask(wire, text)
    assert name == "Error", body
    # What a version does not have is a message's fault, not a device's.
    assert (body["Id"], body["ErrorCode"]) == (error or (5, 3 if version < 2 else 4))
    assert body["ErrorMessage"]
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    assert place.house.sent() == []
    await wire.close()


@old
async def test_several_messages_in_a_frame_are_answered_one_by_one_in_frames_of_their_own(place: Place, version: int) -> None:
    wire = await connect(place, version)
    await wire.send('[{"Ping":{"Id":7}},{"Nonsense":{"Id":8}},{"RequestDeviceList":{"Id":9}}][{"StopAllDevices":{"Id":7}}]')
    answers = [await hear(wire) for _ in range(4)]
    assert [(name, body["Id"]) for name, body in answers] == [("Ok", 7), ("Error", 8), ("DeviceList", 9), ("Ok", 7)]
    await wire.close()


async def test_of_readings_that_an_old_client_does_not_take_the_oldest_are_dropped(listen: Listen) -> None:
    place = await listen("Kiiroo Pearl 2.1")
    wire = await connect(place, 3)
    subscribe = {"Id": 2, "DeviceIndex": 0, "SensorIndex": 0, "SensorType": "Pressure"}
    assert (await ask(wire, json.dumps([{"SensorSubscribeCmd": subscribe}])))[0] == "Ok"
    (outbox,) = place.outboxes
    outbox.pause()
    for value in range(1000):
        place.house.simulated[0].notify("rx", value.to_bytes(2, "big") + bytes(7))
    outbox.resume()
    readings = [(await hear(wire))[1]["Data"] for _ in range(READINGS_LIMIT)]
    assert readings[-1] == [999]
    assert await ask(wire, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await wire.close()


@old
async def test_what_one_client_drives_goes_on_when_another_leaves(place: Place, version: int) -> None:
    staying, leaving = await connect(place, version), await connect(place, 3 - version)
    await ask(staying, json.dumps([DRIVE[version]]))
    await leaving.close()
    await until(lambda: len(place.house.server.sessions) == 1)
    await asyncio.sleep(0.05)
    assert not STOPS.intersection(place.house.sent())
    await staying.close()
