"""Clients of message spec versions 0 to 3 with a whole server behind them: what they do reaches the devices as it should."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import OutputArguments, OutputCmd
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from buttplug.server.session import CloseCode
from tests.fakes.families import EVERYTHING, Family, install
from tests.fakes.protocols import Sensing
from tests.server.conftest import BuildHouse, House
from tests.server.old_talker import OldTalker

old = pytest.mark.parametrize("version", range(4))

VIBRATE, MOVE = OutputType.VIBRATE, OutputType.POSITION_WITH_DURATION


@pytest.fixture
async def aneros(build: BuildHouse) -> House:
    """A device with two motors of 127 steps."""
    return await build("aneros", configuration=DeviceConfiguration.load(), max_ping_time=500)


@pytest.fixture
async def toy(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    """A device with everything."""
    return await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": Family(Sensing, EVERYTHING)}))


async def connect(house: House, version: int) -> OldTalker:
    return await OldTalker(house.server, version).shake_hands()


async def set_up(house: House, **settings: Any) -> None:
    """Give device 0 these settings, and forget what it was sent for that."""
    device = house.server.devices.devices[0]
    await house.server.devices.configure(device.key, DeviceSettings(**settings))
    house.simulated[0].packets.clear()


def speed(index: int, share: float) -> dict[str, Any]:
    return {"Index": index, "Speed": share}


def scalar(index: int, share: float, type_: str) -> dict[str, Any]:
    return {"Index": index, "Scalar": share, "ActuatorType": type_}


def vector(index: int, duration: float, position: float) -> dict[str, Any]:
    return {"Index": index, "Duration": duration, "Position": position}


# The session


@pytest.mark.parametrize("version", [0, 1, 2, 3])
async def test_nothing_is_done_before_the_handshake(aneros: House, version: int) -> None:
    talker = OldTalker(aneros.server, version)
    for name in ("Ping", "SingleMotorVibrateCmd", "StartScanning", "ScalarCmd"):
        assert await talker.refusal(name, DeviceIndex=0, Speed=1) == (1, f"RequestServerInfo expected before {name}")
    assert await (await talker.shake_hands()).devices() != {}


@old
async def test_a_second_handshake_is_refused_and_changes_nothing(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    assert await talker.refusal("RequestServerInfo", ClientName="again", MessageVersion=3) == (
        1,
        "the handshake was done already",
    )
    assert len(await talker.devices()) == 1


@old
async def test_a_client_that_does_not_ping_is_told_by_its_code_and_its_devices_are_stopped(
    aneros: House, version: int
) -> None:
    talker = await connect(aneros, version)
    await talker.command("SingleMotorVibrateCmd", Speed=1)
    await asyncio.sleep(0.3)
    assert (await talker.ask("Ping"))[0] == "Ok"
    await asyncio.sleep(0.4)
    assert talker.events() == []
    await asyncio.sleep(0.3)
    text = "no ping for 500 ms: your devices were stopped"
    assert talker.events()[-1] == ("Error", {"Id": 0, "ErrorMessage": text, "ErrorCode": 2})
    assert aneros.sent()[-2:] == [b"\xf1\x00", b"\xf2\x00"]
    for name in ("Ping", "RequestServerInfo", "SingleMotorVibrateCmd", "StopDeviceCmd"):
        fields = {"ClientName": "x", "DeviceIndex": 77, "Speed": 1}
        assert (await talker.refusal(name, **fields))[0] == 2
    assert talker.closed is not None
    assert talker.closed[0] is CloseCode.PING_MISSED


@pytest.mark.parametrize("version", [0, 1, 2, 3])
async def test_after_its_end_every_message_is_refused_by_that_whatever_it_asks_for(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    assert (await talker.ask("Disconnect"))[0] == "Ok"
    wrong = {"DeviceIndex": 77, "Speed": 1, "TestString": "x", "LogLevel": "Off", "Vectors": [], "ClientName": "x"}
    for name in ("Ping", "StopDeviceCmd", "SingleMotorVibrateCmd", "LinearCmd", "Test", "RequestLog", "RequestServerInfo"):
        assert await talker.refusal(name, **wrong) == (1, "the session has ended, connect again")


@old
async def test_a_client_that_leaves_has_its_devices_stopped(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    await talker.command("SingleMotorVibrateCmd", Speed=1)
    aneros.simulated[0].packets.clear()
    await talker.session.close("its socket is dead")
    assert aneros.sent() == [b"\xf1\x00", b"\xf2\x00"]


# Commands


@pytest.mark.parametrize(
    ("version", "name", "fields"),
    [
        *((version, "SingleMotorVibrateCmd", {"Speed": 0.5}) for version in range(4)),
        *((version, "VibrateCmd", {"Speeds": [speed(0, 0.5), speed(1, 0.5)]}) for version in (1, 2, 3)),
        (3, "ScalarCmd", {"Scalars": [scalar(0, 0.5, "Vibrate"), scalar(1, 0.5, "Vibrate")]}),
    ],
)
async def test_half_speed_of_127_steps_is_64(aneros: House, version: int, name: str, fields: dict[str, Any]) -> None:
    talker = await connect(aneros, version)
    await talker.command(name, **fields)
    assert aneros.sent() == [b"\xf1\x40", b"\xf2\x40"]


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_parts_that_a_command_does_not_name_keep_their_value(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    await talker.command("VibrateCmd", Speeds=[speed(1, 0.5)])
    assert aneros.sent() == [b"\xf2\x40"]
    await talker.command("VibrateCmd", Speeds=[speed(0, 1)])
    assert aneros.sent() == [b"\xf2\x40", b"\xf1\x7f"]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("index", [2, 3, 4294967295])
async def test_one_bad_index_of_three_and_nothing_is_sent(aneros: House, version: int, index: int) -> None:
    talker = await connect(aneros, version)
    speeds = [speed(0, 1), speed(index, 1), speed(1, 1)]
    assert (await talker.refusal("VibrateCmd", DeviceIndex=0, Speeds=speeds))[0] == 4
    await asyncio.sleep(1)
    assert aneros.sent() == []


@old
async def test_a_command_that_fails_in_part_is_reported(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    aneros.simulated[0].write_error = HardwareError("no luck")
    code, text = await talker.refusal("SingleMotorVibrateCmd", DeviceIndex=0, Speed=1)
    assert code == 4
    assert "feature 0: Vibrate: " in text
    assert "no luck" in text


async def test_a_part_that_fails_alone_is_the_answer_and_the_others_are_done(
    toy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker = await connect(toy, 3)
    device = toy.server.devices.devices[0]
    output = device.output

    def fail_at_the_tip(feature: int, *arguments: Any) -> None:
        if feature == 0:
            raise device.error(feature, "no luck")
        output(feature, *arguments)

    monkeypatch.setattr(device, "output", fail_at_the_tip)
    scalars = [scalar(0, 1, "Vibrate"), scalar(3, 1, "Oscillate")]
    assert await talker.refusal("ScalarCmd", DeviceIndex=0, Scalars=scalars) == (4, 'Device 0 "Toy", feature 0: no luck')
    assert toy.sent() == [b"Oscillate 3 20"]


async def test_a_hundred_commands_in_a_burst_are_all_answered_and_the_last_one_counts(aneros: House) -> None:
    talker = await connect(aneros, 2)
    ids = [talker.say("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, step / 127)]) for step in range(28, 128)]
    for id_ in ids:
        assert (await talker.answer_to(id_))[0] == "Ok"
    sent = [packet[1] for packet in aneros.sent()]
    assert sent == sorted(sent)
    assert sent[-1] == 127
    assert sorted(body["Id"] for _, body in talker.heard) == list(range(1, talker._last_id + 1))


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_every_output_is_driven_by_its_number(toy: House, version: int) -> None:
    talker = await connect(toy, version)
    await talker.command("VibrateCmd", Speeds=[speed(0, 0.07)])
    await talker.command("RotateCmd", Rotations=[{"Index": 0, "Speed": 0.35, "Clockwise": False}])
    await talker.command("LinearCmd", Vectors=[vector(0, 350.9, 0.29)])
    assert toy.sent() == [b"Vibrate 0 7", b"Rotate 1 -7", b"HwPositionWithDuration 8 29 350"]


async def test_version_3_drives_all_that_has_a_level_or_a_place(toy: House) -> None:
    talker = await connect(toy, 3)
    types = [entry["ActuatorType"] for entry in (await talker.devices())[0]["DeviceMessages"]["ScalarCmd"]]
    assert types == ["Vibrate", "Rotate", "Rotate", "Oscillate", "Constrict", "Position"]
    scalars = [scalar(index, 1, type_) for index, type_ in enumerate(types)]
    await talker.command("ScalarCmd", Scalars=scalars)
    assert toy.sent() == [
        *(b"Position 8 100", b"Vibrate 0 100", b"Rotate 1 20", b"Rotate 2 20", b"Oscillate 3 20", b"Constrict 3 3"),
    ]


@pytest.mark.parametrize("version", [0, 1])
async def test_versions_0_and_1_drive_single_models_by_their_own_commands(toy: House, version: int) -> None:
    talker = await connect(toy, version)
    await talker.command("VorzeA10CycloneCmd", Speed=50, Clockwise=False)
    await talker.command("FleshlightLaunchFW12Cmd", Position=99, Speed=99)
    assert toy.sent() == [b"Rotate 1 -10", b"HwPositionWithDuration 8 100 210"]


@old
async def test_a_stop_is_for_the_device_it_names(build: BuildHouse, version: int) -> None:
    house = await build("aneros", "aneros")
    talker = await connect(house, version)
    for index in (0, 1):
        await talker.ask("SingleMotorVibrateCmd", DeviceIndex=index, Speed=1)
        house.simulated[index].packets.clear()
    assert (await talker.ask("StopDeviceCmd", DeviceIndex=1))[0] == "Ok"
    assert (house.sent(0), house.sent(1)) == ([], [b"\xf1\x00", b"\xf2\x00"])
    assert await talker.refusal("StopDeviceCmd", DeviceIndex=2) == (4, "Device 2 is not connected; connected are: 0, 1")
    assert (await talker.ask("StopAllDevices"))[0] == "Ok"
    assert house.sent(0) == [b"\xf1\x00", b"\xf2\x00"]


# Limits and what is disabled


@old
async def test_a_disabled_output_is_neither_shown_nor_counted_nor_driven(aneros: House, version: int) -> None:
    await set_up(aneros, outputs={(0, VIBRATE): OutputSettings(disabled=True)})
    talker = await connect(aneros, version)
    messages = (await talker.devices())[0]["DeviceMessages"]
    if version == 3:
        assert len(messages["ScalarCmd"]) == 1
        await talker.command("ScalarCmd", Scalars=[scalar(0, 1, "Vibrate")])
        assert (await talker.refusal("ScalarCmd", DeviceIndex=0, Scalars=[scalar(1, 1, "Vibrate")]))[0] == 4
    elif version:
        assert messages["VibrateCmd"]["FeatureCount"] == 1
    if version:
        await talker.command("VibrateCmd", Speeds=[speed(0, 1)])
        assert (await talker.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(1, 1)]))[0] == 4
    await talker.command("SingleMotorVibrateCmd", Speed=1)
    assert set(aneros.sent()) == {b"\xf2\x7f"}


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_command_that_crosses_with_a_setting_drives_what_was_meant_or_is_refused_by_name(
    aneros: House, version: int
) -> None:
    talker = await connect(aneros, version)
    await talker.devices()
    await set_up(aneros, outputs={(0, VIBRATE): OutputSettings(disabled=True)})
    disabled = (4, 'Device 0 "Aneros Vivi", feature 0: Vibrate is disabled in the user\'s settings')
    assert await talker.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, 1)]) == disabled
    assert aneros.sent() == []
    await talker.command("VibrateCmd", Speeds=[speed(1, 1)])
    assert aneros.sent() == [b"\xf2\x7f"]


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_zeros_for_all_outputs_reach_the_enabled_ones(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    await set_up(aneros, outputs={(0, VIBRATE): OutputSettings(disabled=True)})
    await talker.command("SingleMotorVibrateCmd", Speed=1)
    code, reason = await talker.refusal("VibrateCmd", DeviceIndex=0, Speeds=[speed(0, 0), speed(1, 0)])
    assert code == 4
    assert reason.endswith("feature 0: Vibrate is disabled in the user's settings")
    assert aneros.sent() == [b"\xf2\x7f", b"\xf2\x00"]


@old
async def test_a_device_with_everything_disabled_can_be_stopped_only(toy: House, version: int) -> None:
    device = toy.server.devices.devices[0]
    slots = [(feature.index, type_) for feature in device.definition.features for type_ in feature.outputs]
    await set_up(toy, outputs=dict.fromkeys(slots, OutputSettings(disabled=True)))
    talker = await connect(toy, version)
    messages = (await talker.devices())[0]["DeviceMessages"]
    assert set(messages) <= {"StopDeviceCmd", "BatteryLevelCmd", "SensorReadCmd", "SensorSubscribeCmd"}
    commands: dict[str, dict[str, Any]] = {
        "SingleMotorVibrateCmd": {"Speed": 1},
        "VibrateCmd": {"Speeds": [speed(0, 1)]},
        "RotateCmd": {"Rotations": [{"Index": 0, "Speed": 1, "Clockwise": True}]},
        "LinearCmd": {"Vectors": [vector(0, 100, 1)]},
        "ScalarCmd": {"Scalars": [scalar(0, 1, "Vibrate")]},
        "FleshlightLaunchFW12Cmd": {"Position": 99, "Speed": 99},
        "VorzeA10CycloneCmd": {"Speed": 100, "Clockwise": True},
    }
    for name, fields in commands.items():
        assert (await talker.refusal(name, DeviceIndex=0, **fields))[0] in (3, 4)
    assert toy.sent() == []


@old
async def test_two_halves_of_a_range(aneros: House, version: int) -> None:
    await set_up(aneros, outputs={(0, VIBRATE): OutputSettings(value=(0, 64)), (1, VIBRATE): OutputSettings(value=(64, 127))})
    talker = await connect(aneros, version)
    await talker.command("SingleMotorVibrateCmd", Speed=0.5)
    assert aneros.sent() == [b"\xf1\x20", b"\xf2\x60"]
    await talker.command("SingleMotorVibrateCmd", Speed=0)
    assert aneros.sent()[2:] == [b"\xf1\x00", b"\xf2\x00"]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    ("reverse", "places"), [(False, {0.0: 20, 1 / 60: 21, 1.0: 80}), (True, {0.0: 80, 1 / 60: 79, 1.0: 20})]
)
async def test_limits_and_reversal_hold_for_every_place_of_a_stroker(
    toy: House, version: int, reverse: bool, places: dict[float, int]
) -> None:
    await set_up(toy, outputs={(8, MOVE): OutputSettings(value=(20, 80), duration=(200, 900), reverse=reverse)})
    talker = await connect(toy, version)
    for position, place in places.items():
        await talker.command("LinearCmd", Vectors=[vector(0, 1_000_000, position)])
        await talker.command("LinearCmd", Vectors=[vector(0, 0, position)])
        assert toy.sent()[-2:] == [f"HwPositionWithDuration 8 {place} {duration}".encode() for duration in (900, 200)]
    if version == 3:
        assert (await talker.devices())[0]["DeviceMessages"]["LinearCmd"][0]["StepCount"] == 60


async def test_a_limit_set_meanwhile_is_told_as_a_device_that_went_and_came(aneros: House) -> None:
    talker = await connect(aneros, 3)
    await talker.devices()
    await set_up(aneros, outputs={(0, VIBRATE): OutputSettings(value=(0, 10))})
    (removed, body), (added, info) = talker.events()
    assert (removed, body["DeviceIndex"], added, info["DeviceIndex"]) == ("DeviceRemoved", 0, "DeviceAdded", 0)
    assert [entry["StepCount"] for entry in info["DeviceMessages"]["ScalarCmd"]] == [10, 127]
    await talker.command("ScalarCmd", Scalars=[scalar(0, 1, "Vibrate")])
    assert aneros.sent() == [b"\xf1\x0a"]


# Sensors


async def test_battery_levels_are_read_in_the_words_of_each_version(build: BuildHouse) -> None:
    house = await build("Kiiroo Pearl 2.1")
    for version in (2, 3):
        talker = await connect(house, version)
        name, body = await talker.ask("BatteryLevelCmd", DeviceIndex=0)
        assert (name, body["DeviceIndex"], body["BatteryLevel"]) == ("BatteryLevelReading", 0, 0.85)
        await talker.session.close("done")
    talker = await connect(house, 3)
    name, body = await talker.ask("SensorReadCmd", DeviceIndex=0, SensorIndex=0, SensorType="Battery")
    assert name == "SensorReading"
    assert (body["SensorIndex"], body["SensorType"], body["Data"]) == (0, "Battery", [85])
    assert (await talker.refusal("RSSILevelCmd", DeviceIndex=0))[0] == 4


async def test_the_strength_of_the_signal_is_read_where_it_is_known(
    build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toy = await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": Family()}))
    toy.simulated[0].disconnect()
    toy.simulated[0].rssi = -60
    toy.simulated[0].come_back()
    await asyncio.sleep(1)
    talker = await connect(toy, 2)
    assert "RSSILevelCmd" in (await talker.devices())[0]["DeviceMessages"]
    name, body = await talker.ask("RSSILevelCmd", DeviceIndex=0)
    assert (name, body["RSSILevel"]) == ("RSSILevelReading", -60)
    talker = await connect(toy, 3)
    name, body = await talker.ask("SensorReadCmd", DeviceIndex=0, SensorIndex=0, SensorType="RSSI")
    assert (name, body["SensorType"], body["Data"]) == ("SensorReading", "RSSI", [-60])


async def test_readings_come_from_the_subscription_to_its_end_and_through_stops(toy: House) -> None:
    talker = await connect(toy, 3)
    other = await connect(toy, 3)
    await talker.command("SensorSubscribeCmd", SensorIndex=0, SensorType="Pressure")
    await talker.command("SensorSubscribeCmd", SensorIndex=0, SensorType="Pressure")
    toy.simulated[0].notify("rx", b"Pressure 10 300")
    await talker.command("StopDeviceCmd")
    assert (await talker.ask("StopAllDevices"))[0] == "Ok"
    toy.simulated[0].notify("rx", b"Pressure 10 400")
    await talker.command("SensorUnsubscribeCmd", SensorIndex=0, SensorType="Pressure")
    toy.simulated[0].notify("rx", b"Pressure 10 500")
    await asyncio.sleep(1)
    assert [(name, body["SensorIndex"], body["Data"]) for name, body in talker.events()] == [
        ("SensorReading", 0, [300]),
        ("SensorReading", 0, [400]),
    ]
    assert other.events() == []


# Devices that come and go


@old
async def test_each_device_that_comes_and_goes_is_told_once(build: BuildHouse, version: int) -> None:
    house = await build("aneros", "aneros")
    talker = await connect(house, version)
    assert sorted(await talker.devices()) == [0, 1]
    for device in house.simulated:
        device.disconnect()
    await asyncio.sleep(1)
    for device in house.simulated:
        device.come_back()
    await asyncio.sleep(1)
    told = [(name, body["DeviceIndex"]) for name, body in talker.events()]
    assert sorted(told[:2]) == [("DeviceRemoved", 0), ("DeviceRemoved", 1)]
    assert sorted(told[2:]) == [("DeviceAdded", 0), ("DeviceAdded", 1)]
    assert {"Id": 0, **(await talker.devices())[0]} in [body for _, body in talker.events()]


@old
async def test_a_command_to_a_device_that_went_is_answered_before_its_end_is_told(aneros: House, version: int) -> None:
    talker = await connect(aneros, version)
    await talker.devices()
    aneros.simulated[0].write_delay = 5
    waiting = talker.say("SingleMotorVibrateCmd", DeviceIndex=0, Speed=1)
    await asyncio.sleep(0.1)
    aneros.simulated[0].disconnect()
    late = talker.say("SingleMotorVibrateCmd", DeviceIndex=0, Speed=1)
    await asyncio.sleep(0.2)
    assert [(name, body["Id"]) for name, body in talker.heard[-3:]] == [
        ("Error", waiting),
        ("Error", late),
        ("DeviceRemoved", 0),
    ]


# Side by side


async def test_clients_of_all_versions_share_a_server_and_each_has_its_own_words(aneros: House) -> None:
    modern = await aneros.client()
    talkers = [await connect(aneros, version) for version in range(4)]
    for talker in talkers:
        await talker.devices()
    await talkers[1].command("VibrateCmd", Speeds=[speed(0, 1)])
    await talkers[3].command("ScalarCmd", Scalars=[scalar(1, 1, "Vibrate")])
    aneros.simulated[0].packets.clear()
    await talkers[1].session.close("it goes")
    assert aneros.sent() == [b"\xf1\x00"]
    await modern.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(5)})
    await talkers[3].session.close("it goes")
    assert aneros.sent() == [b"\xf1\x00", b"\xf1\x05", b"\xf2\x00"]
    aneros.simulated[0].disconnect()
    await asyncio.sleep(0.2)
    assert [talker.events() for talker in talkers] == [
        [("DeviceRemoved", {"Id": 0, "DeviceIndex": 0})],
        [],
        [("DeviceRemoved", {"Id": 0, "DeviceIndex": 0})],
        [],
    ]


@old
async def test_a_scan_is_answered_and_its_end_told_once(build: BuildHouse, version: int) -> None:
    house = await build("aneros")
    talker = await connect(house, version)
    assert (await talker.ask("StopScanning"))[0] == "Ok"
    for _ in range(2):
        assert (await talker.ask("StartScanning"))[0] == "Ok"
    await asyncio.sleep(1)
    assert (await talker.ask("StopScanning"))[0] == "Ok"
    await asyncio.sleep(1)
    assert [name for name, _ in talker.events()].count("ScanningFinished") <= 2
    assert "ScanningFinished" in [name for name, _ in talker.events()]
