"""Between a client of any version and its session: handshakes, ids, several replies in one, and what comes and goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buttplug.core.codec import Malformed
from buttplug.core.legacy import v3
from buttplug.core.legacy.versions import OLD
from buttplug.core.messages import (
    DeviceInfo,
    DeviceList,
    Disconnect,
    Error,
    InputReading,
    InputValue,
    Ok,
    OutputCmd,
    Ping,
    Reading,
    RequestDeviceList,
    RequestServerInfo,
    ScanningFinished,
    ServerInfo,
    StartScanning,
    StopCmd,
    StopScanning,
)
from tests.cases import for_each
from tests.core.legacy.helpers import EVERYTHING, NOTHING, STREAM, Client, Told, device, feature

VIBRATOR = device(feature(0, Vibrate=(0, 20)))
old = pytest.mark.parametrize("version", range(4))


def error(code: int, text: str, id_: int = 1) -> Told:
    return "Error", {"Id": id_, "ErrorMessage": text, "ErrorCode": code}


# The handshake


@pytest.mark.parametrize("version", [2, 3])
def test_versions_2_and_3_get_a_short_answer_with_their_own_version(version: int) -> None:
    answer = Client(version, shake_hands=False).shake_hands()
    assert answer == ("ServerInfo", {"Id": 1, "ServerName": "house", "MessageVersion": version, "MaxPingTime": 500})


@pytest.mark.parametrize("version", [0, 1])
def test_versions_0_and_1_get_a_long_answer_with_their_own_version(version: int) -> None:
    answer = Client(version, shake_hands=False).shake_hands()
    numbers = {"MajorVersion": 0, "MinorVersion": 0, "BuildVersion": 0, "MessageVersion": version, "MaxPingTime": 500}
    assert answer == ("ServerInfo", {"Id": 1, "ServerName": "house", **numbers})


@old
def test_an_old_version_may_be_asked_for_in_the_new_way(version: int) -> None:
    client = Client(version, VIBRATOR, shake_hands=False)
    assert client.shake_hands(ProtocolVersionMajor=version)[1]["MessageVersion"] == version
    assert client.outputs("SingleMotorVibrateCmd", Speed=1) == [(0, "Vibrate", 20, None)]


@pytest.mark.parametrize("fields", [{"ProtocolVersionMajor": 4}, {"MessageVersion": 4}])
def test_version_4_goes_through_as_it_is(fields: dict[str, int]) -> None:
    client = Client(4, VIBRATOR, shake_hands=False)
    assert client.shake_hands(**fields)[1]["ProtocolVersionMajor"] == 4
    (message,) = client.say("OutputCmd", 77, DeviceIndex=0, FeatureIndex=0, Command={"Vibrate": {"Value": 7}})
    assert isinstance(message, OutputCmd)
    assert message.id == 77
    assert client.answer(DeviceList(0, {}), Ok(77)) == [("DeviceList", {"Id": 0, "Devices": {}}), ("Ok", {"Id": 77})]
    assert client.say("Vibrate", 5) == [Malformed('unknown message "Vibrate"', 5, "Vibrate")]


def test_a_handshake_that_is_refused_leaves_the_version_open() -> None:
    client = Client(2, VIBRATOR, shake_hands=False)
    (request,) = client.say("RequestServerInfo", ClientName="new", MessageVersion=5)
    assert client.answer(Error(request.id, "too new", 1)) == [error(1, "too new")]
    client.shake_hands()
    assert client.outputs("SingleMotorVibrateCmd", Speed=1) == [(0, "Vibrate", 20, None)]


def test_before_the_handshake_the_session_sees_the_client_s_own_words_and_ids() -> None:
    client = Client(2, shake_hands=False)
    assert client.say("Ping", 9) == [Ping(9)]
    assert client.say("Vibrate", 9) == [Malformed('unknown message "Vibrate"', 9, "Vibrate")]
    told = client.answer(Error(9, "RequestServerInfo expected", 1))
    assert told == [error(1, "RequestServerInfo expected", 9)]


@old
def test_what_follows_the_handshake_in_its_frame_is_read_in_the_version_it_chose(version: int) -> None:
    client = Client(version, VIBRATOR, shake_hands=False)
    hello = {"RequestServerInfo": {"Id": 1, "ClientName": "old", "MessageVersion": version}}
    drive = {"SingleMotorVibrateCmd": {"Id": 2, "DeviceIndex": 0, "Speed": 1}}
    names = []
    for message in client.translator.read(json.dumps([hello, drive])):
        names.append(type(message).__name__)
        if isinstance(message, RequestServerInfo):
            client.translator.send(ServerInfo(message.id, "house", 0, 4, 0))
    assert names == ["RequestServerInfo", "OutputCmd"]


@old
def test_a_second_handshake_is_the_session_s_to_refuse(version: int) -> None:
    client = Client(version)
    (message,) = client.say("RequestServerInfo", 9, ClientName="again")
    assert isinstance(message, RequestServerInfo)
    assert client.answer(Error(message.id, "done already", 1)) == [error(1, "done already", 9)]
    assert client.say("VibrateCmd", DeviceIndex=0) != []


# Ids and replies


@old
def test_messages_that_all_versions_share_go_through_and_are_answered_with_their_id(version: int) -> None:
    client = Client(version)
    for kind in (Ping, StartScanning, StopScanning, Disconnect):
        (message,) = client.say(kind.__name__, 4294967295)
        assert isinstance(message, kind)
        assert client.answer(Ok(message.id)) == [("Ok", {"Id": 4294967295})]


def test_one_id_may_be_used_for_many_messages_at_a_time() -> None:
    client = Client(3, EVERYTHING)
    frames = [client.say("Ping", 5), client.say("StartScanning", 5), client.say("Ping", 6)]
    ids = [message.id for (message,) in frames]
    assert len(set(ids)) == 3
    assert client.answer(Error(ids[1], "no bus", 0), Ok(ids[2]), Ok(ids[0])) == [
        error(0, "no bus", 5),
        ("Ok", {"Id": 6}),
        ("Ok", {"Id": 5}),
    ]


def test_ids_begin_anew_behind_the_last_one_and_leave_out_what_is_waiting() -> None:
    client = Client(3, VIBRATOR)
    (first,) = client.say("Ping", 7)
    client.translator._last_id = 4294967294
    (last,), (next_,) = client.say("Ping", 8), client.say("Ping", 9)
    assert (first.id, last.id, next_.id) == (1, 4294967295, 2)
    assert client.answer(Ok(next_.id), Ok(first.id), Ok(last.id)) == [
        ("Ok", {"Id": 9}),
        ("Ok", {"Id": 7}),
        ("Ok", {"Id": 8}),
    ]


def test_a_command_of_several_parts_is_answered_once_and_last() -> None:
    client = Client(1, EVERYTHING)
    parts = client.say("SingleMotorVibrateCmd", 9, DeviceIndex=0, Speed=1)
    assert len(parts) == 3
    assert client.answer(Ok(parts[2].id), Ok(parts[0].id)) == []
    assert client.answer(Ok(parts[1].id)) == [("Ok", {"Id": 9})]


def test_parts_that_fail_are_told_in_their_order_and_each_reason_once() -> None:
    client = Client(1, EVERYTHING)
    one, two, three = client.say("SingleMotorVibrateCmd", 9, DeviceIndex=0, Speed=1)
    assert client.answer(Error(three.id, "worn out", 0), Ok(one.id), Error(two.id, "unplugged", 4)) == [
        error(4, "unplugged; worn out", 9),
    ]
    one, two, three = client.say("SingleMotorVibrateCmd", 9, DeviceIndex=0, Speed=1)
    assert client.answer(*(Error(part.id, "gone", 4) for part in (one, two, three))) == [error(4, "gone", 9)]


@old
def test_what_cannot_be_done_is_the_session_s_to_refuse_since_it_may_be_over(version: int) -> None:
    client = Client(version)
    (malformed,) = client.say("StopDeviceCmd", 9, DeviceIndex=7)
    assert isinstance(malformed, Malformed)
    assert (malformed.reason, malformed.code) == ("Device 7 is not connected; connected are: none", 4)
    assert client.answer(Error(malformed.id, "pinged out", 2)) == [error(2, "pinged out", 9)]


@old
def test_what_has_no_id_is_refused_without_one(version: int) -> None:
    client = Client(version)
    for frame in ("garbage", '[{"Ping":{"Id":0}}]', '[{"StopDeviceCmd":{"DeviceIndex":0}}]', "[]", '["Ping"]'):
        (malformed,) = client.say_frame(frame)
        assert isinstance(malformed, Malformed)
        assert malformed.id == 0
        assert client.answer(Error(0, malformed.reason, malformed.code)) == [error(3, malformed.reason, 0)]


@old
def test_one_bad_message_costs_none_of_its_frame(version: int) -> None:
    messages = Client(version).say_frame('[{"Ping":{"Id":1}},{"Nonsense":{"Id":2}},{"Ping":{"Id":3}}]')
    assert [type(message) for message in messages] == [Ping, Malformed, Ping]


@old
def test_of_a_frame_only_the_message_that_is_too_long_is_refused_with_its_id(version: int) -> None:
    entry = '{"Index":0,"Speed":0.5,"Scalar":0.5,"ActuatorType":"Vibrate"}'
    body = f'{{"Id":4,"X":[{",".join([entry] * 200)}]}}'
    frame = f'[{{"Test":{body}}},{{"StopAllDevices":{{"Id":5}}}}]'
    refused, stop = Client(version, VIBRATOR).say_frame(frame)
    assert isinstance(refused, Malformed)
    assert refused.reason == f"a message of {len(body)} characters is over the limit of 8192"
    assert refused.name == "Test"
    assert refused.id
    assert isinstance(stop, StopCmd)


@old
def test_extra_fields_nulls_and_whole_floats_are_taken_as_in_version_4(version: int) -> None:
    client = Client(version, VIBRATOR)
    frame = '[{"SingleMotorVibrateCmd":{"Id":1.0,"DeviceIndex":0.0,"Speed":1,"Extra":5,"Null":null}}]'
    (message,) = client.say_frame(frame)
    assert isinstance(message, OutputCmd)


# Which message in which version


@pytest.mark.parametrize("version", range(5))
@for_each("kind", OLD)
def test_a_message_of_another_version_is_refused_by_name(version: int, kind: Any) -> None:
    name = kind.wire_name or kind.__name__
    client = Client(version, shake_hands=False)
    client.shake_hands(ProtocolVersionMajor=version)
    (message,) = client.say(name, 9, Nothing=0)
    if isinstance(message, Malformed):
        first, last = kind.versions[0], kind.versions[-1]
        span = f"version {first}" if first == last else f"versions {first} to {last}"
        belongs = f"{name} belongs to message spec {span}, not to version {version}"
        assert (message.reason == belongs) is (version not in kind.versions)
        assert message.code == 3
    else:
        assert name == "StopAllDevices"


@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("StopDeviceCmd", {0, 1, 2, 3}),
        ("StopAllDevices", {0, 1, 2, 3}),
        ("SingleMotorVibrateCmd", {0, 1, 2, 3}),
        ("VibrateCmd", {1, 2, 3}),
        ("RotateCmd", {1, 2, 3}),
        ("LinearCmd", {1, 2, 3}),
        ("BatteryLevelCmd", {2, 3}),
        ("RSSILevelCmd", {2, 3}),
        ("ScalarCmd", {3}),
        ("SensorReadCmd", {3}),
        ("SensorSubscribeCmd", {3}),
        ("SensorUnsubscribeCmd", {3}),
        ("FleshlightLaunchFW12Cmd", {0, 1}),
        ("VorzeA10CycloneCmd", {0, 1}),
        ("Test", {0, 1}),
        ("RequestLog", {0, 1, 2}),
        *((name, set()) for name in ("OutputCmd", "InputCmd", "StopCmd")),
    ],
)
def test_the_versions_of_each_message(name: str, versions: set[int]) -> None:
    def belongs(version: int) -> bool:
        (message,) = Client(version, VIBRATOR).say(name)
        return not isinstance(message, Malformed) or "belongs to message spec version" not in message.reason

    assert {version for version in range(4) if belongs(version)} == versions


@old
@pytest.mark.parametrize(
    "name",
    ["KiirooCmd", "LovenseCmd", "RawCmd", "RawWriteCmd", "RawReadCmd", "RawSubscribeCmd", "RawUnsubscribeCmd"],
)
def test_raw_bytes_for_a_device_are_refused_with_the_reason(version: int, name: str) -> None:
    code, reason = Client(version, VIBRATOR).refusal(name, 9, DeviceIndex=0, Command="3", Endpoint="tx", Data=[1])
    assert code == 3
    assert reason.startswith(f"{name} is not supported: it would send a device bytes that nobody checks")


@old
@pytest.mark.parametrize(
    "name",
    [
        *("Ok", "Error", "ServerInfo", "DeviceList", "DeviceAdded", "DeviceRemoved", "ScanningFinished", "InputReading"),
        *("SensorReading", "BatteryLevelReading", "RSSILevelReading", "RawReading", "Log"),
    ],
)
def test_what_only_servers_say_is_not_for_a_client(version: int, name: str) -> None:
    assert Client(version).refusal(name, 9) == (3, f"{name} is not for a client to send")


@old
def test_a_name_that_nobody_knows_is_named(version: int) -> None:
    assert Client(version).refusal("Nonsense", 9) == (3, 'unknown message "Nonsense"')


# What comes and goes


def added(info: DeviceInfo) -> Told:
    (listed,) = Client(3, info).listed()
    return "DeviceAdded", {"Id": 0, **listed}


def removed(index: int) -> Told:
    return "DeviceRemoved", {"Id": 0, "DeviceIndex": index}


def change(client: Client, *infos: DeviceInfo) -> list[Told]:
    """Have these devices be there; return what the client is told."""
    client.infos = {info.device_index: info for info in infos}
    return client.answer(DeviceList(0, client.infos))


@old
def test_a_device_that_comes_is_described_as_in_the_list(version: int) -> None:
    client = Client(version)
    ((name, body),) = change(client, EVERYTHING)
    assert name == "DeviceAdded"
    assert {"Id": 0, **client.listed()[0]} == body


def test_each_change_is_told_what_goes_first() -> None:
    one, two, three = (device(index=index) for index in (1, 2, 3))
    client = Client(3)
    assert change(client, two, one) == [added(one), added(two)]
    assert change(client, three) == [removed(1), removed(2), added(three)]
    assert change(client, three) == []
    assert change(client) == [removed(3)]


def test_a_device_that_was_there_at_the_handshake_is_told_of_only_when_asked_for() -> None:
    one, two = device(index=1), device(index=2)
    client = Client(3, one)
    assert change(client, one) == []
    assert change(client, one, two) == [added(two)]
    assert change(client, two) == []
    assert change(client, one, two) == [added(one)]
    other = Client(3, one)
    other.listed()
    assert change(other) == [removed(1)]
    assert change(other, one) == [added(one)]


def test_a_device_that_is_described_otherwise_went_and_came() -> None:
    small, big = (device(feature(0, Vibrate=(0, count))) for count in (5, 50))
    client = Client(3)
    change(client, small)
    assert change(client, big) == [removed(0), added(big)]
    assert client.outputs("ScalarCmd", Scalars=[{"Index": 0, "Scalar": 1, "ActuatorType": "Vibrate"}]) == [
        (0, "Vibrate", 50, None),
    ]


def test_a_change_that_a_version_does_not_show_is_not_told_but_counts() -> None:
    small, big = (device(feature(0, Vibrate=(0, count))) for count in (5, 50))
    client = Client(1)
    ((name, _),) = change(client, small)
    assert name == "DeviceAdded"
    assert change(client, big) == []
    assert client.outputs("SingleMotorVibrateCmd", Speed=1) == [(0, "Vibrate", 50, None)]


def test_a_change_of_a_device_that_the_client_never_heard_of_is_not_told() -> None:
    small, big = (device(feature(0, Vibrate=(0, count))) for count in (5, 50))
    client = Client(3, small)
    assert change(client, big) == []
    assert client.messages_of()["ScalarCmd"][0]["StepCount"] == 50


def test_subscriptions_keep_their_name_while_the_device_is_there() -> None:
    sensor = feature(0, "", {"Pressure": ((0, 100), STREAM)})
    client = Client(3, device(sensor))
    client.command("SensorSubscribeCmd", SensorIndex=9, SensorType="Pressure")
    change(client, device(sensor, display="renamed"))
    reading = InputReading(0, 0, 0, {"Pressure": InputValue(5)})
    ((_, body),) = client.answer(reading)
    assert body["SensorIndex"] == 9
    change(client)
    change(client, device(sensor))
    ((_, body),) = client.answer(reading)
    assert body["SensorIndex"] == 0


@old
def test_other_events_are_the_same_in_every_version(version: int) -> None:
    client = Client(version)
    assert client.answer(ScanningFinished(0), Error(0, "no ping", 2)) == [
        ("ScanningFinished", {"Id": 0}),
        error(2, "no ping", 0),
    ]


@old
def test_a_list_has_the_devices_by_index(version: int) -> None:
    client = Client(version, device(index=5), NOTHING, device(index=1))
    assert [info["DeviceIndex"] for info in client.listed()] == [1, 3, 5]
    (request,) = client.say("RequestDeviceList", 8)
    assert isinstance(request, RequestDeviceList)
    client.infos = {}
    assert client.answer(DeviceList(request.id, {}))[-1] == ("DeviceList", {"Id": 8, "Devices": []})


@old
def test_what_a_list_lacks_or_has_more_is_told_before_it_and_not_again_after_it(version: int) -> None:
    one, two, unheard = device(index=1), device(index=2), device(index=3)
    client = Client(version, unheard)
    change(client, one, unheard)
    (request,) = client.say("RequestDeviceList", 8)
    client.infos = {2: two}
    told = client.answer(DeviceList(request.id, client.infos))
    assert [(name, body.get("DeviceIndex", body["Id"])) for name, body in told] == [
        ("DeviceRemoved", 1),
        ("DeviceAdded", 2),
        ("DeviceList", 8),
    ]
    assert client.refusal("StopDeviceCmd", DeviceIndex=1) == (4, "Device 1 is not connected; connected are: 2")
    assert change(client, two) == []
    assert change(client) == [removed(2)]


def test_a_device_that_a_list_describes_otherwise_went_and_came_before_it() -> None:
    small, big = (device(feature(0, Vibrate=(0, count))) for count in (5, 50))
    client = Client(3)
    change(client, small)
    (request,) = client.say("RequestDeviceList")
    *told, (name, _) = client.answer(DeviceList(request.id, {0: big}))
    assert (told, name) == ([removed(0), added(big)], "DeviceList")
    assert change(client, big) == []


@pytest.mark.parametrize("version", [0, 1])
def test_a_message_that_changes_nothing_tells_of_no_device(version: int) -> None:
    client = Client(version, VIBRATOR)
    (request,) = client.say("RequestLog", LogLevel="Off")
    assert isinstance(request, RequestDeviceList)
    assert [name for name, _ in client.answer(DeviceList(request.id, {}))] == ["Ok"]


def test_readings_of_old_clients_can_be_told_from_other_messages() -> None:
    assert issubclass(v3.SensorReading, Reading)
