"""The spellings of other clients and documents that are understood, and how they are answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buttplug.core.messages import DeviceList, InputReading, InputValue, RequestDeviceList
from tests.fakes.families import EVERYTHING, Family, install
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok


@pytest.fixture
async def house(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    return await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": Family(features=EVERYTHING)}))


@pytest.fixture
async def talker(house: House) -> Talker:
    return await house.client()


@pytest.mark.parametrize(
    ("feature", "command", "sent"),
    [
        *((0, f'{{"{word}":{{"Value":7}}}}', "Vibrate 0 7") for word in ("Vibrate", "vibrate", "VIBRATE")),
        (1, '{"Rotate":{"Value":-7}}', "Rotate 1 -7"),
        *(
            (1, f'{{"{word}":{{"Value":7,"Clockwise":{clockwise}}}}}', f"Rotate 1 {value}")
            for word in ("RotateWithDirection", "RotationWithDirection", "rotate_with_direction")
            for clockwise, value in (("true", 7), ("false", -7), ("null", 7))
        ),
        (1, '{"Rotate":{"Value":7,"Clockwise":false}}', "Rotate 1 7"),
        (2, '{"RotateWithDirection":{"Value":7,"Clockwise":true}}', "Rotate 2 7"),
        (3, '{"oscillate":{"Value":1}}', "Oscillate 3 1"),
        (3, '{"constrict":{"Value":1}}', "Constrict 3 1"),
        (4, '{"spray":{"Value":1}}', "Spray 4 1"),
        (5, '{"temperature":{"Value":-1}}', "Temperature 5 -1"),
        (6, '{"LED":{"Value":1}}', "Led 6 1"),
        (8, '{"Position":{"Value":7}}', "Position 8 7"),
        (8, '{"Position":{"Position":7}}', "Position 8 7"),
        (8, '{"position":{"Value":7,"Position":9}}', "Position 8 7"),
        *(
            (8, f'{{"{word}":{{"{value}":7,"Duration":350}}}}', "HwPositionWithDuration 8 7 350")
            for word in (
                "HwPositionWithDuration",
                "hw_position_with_duration",
                "hwpositionwithduration",
                "PositionWithDuration",
                "position_with_duration",
            )
            for value in ("Value", "Position")
        ),
        (8, '{"HwPositionWithDuration":{"Value":7,"Position":9,"Duration":350}}', "HwPositionWithDuration 8 7 350"),
        (0, '{"Vibrate":{"Value":7,"Duration":350,"Clockwise":false,"Speed":0.5}}', "Vibrate 0 7"),
        (0, '{"Vibrate":{"Value":7.0}}', "Vibrate 0 7"),
        (0, '{"Vibrate":{"Value":7,"Position":null}}', "Vibrate 0 7"),
    ],
)
async def test_every_spelling_of_an_output_is_understood(
    house: House, talker: Talker, feature: int, command: str, sent: str
) -> None:
    talker.say_frame(f'[{{"OutputCmd":{{"Id":50,"DeviceIndex":0,"FeatureIndex":{feature},"Command":{command},"New":1}}}}]')
    assert is_ok(await talker.answer_to(50))
    assert house.sent() == [sent.encode()]


async def test_a_direction_that_the_output_does_not_have_is_refused(house: House, talker: Talker) -> None:
    talker.say_frame(
        '[{"OutputCmd":{"Id":50,"DeviceIndex":0,"FeatureIndex":2,"Command":{"RotateWithDirection":{"Value":7,"Clockwise":false}}}}]'
    )
    assert error_of(await talker.answer_to(50)) == (4, 'Device 0 "Toy", feature 2: Rotate: value -7 is outside 0..20')


@pytest.mark.parametrize(
    ("message", "stopped"),
    [
        ('"StopDeviceCmd":{"Id":50,"DeviceIndex":0}', 8),
        ('"StopAllDevices":{"Id":50}', 8),
        ('"StopAllDevices":{"Id":50,"DeviceIndex":7}', 8),
        ('"StopCmd":{"Id":50}', 8),
        ('"StopCmd":{"Id":50,"DeviceIndex":null,"FeatureIndex":null,"Inputs":null,"Outputs":null}', 8),
        ('"StopCmd":{"Id":50,"DeviceIndex":0,"FeatureIndex":0,"Inputs":true,"Outputs":true}', 1),
        ('"StopCmd":{"Id":50,"DeviceIndex":0,"FeatureIndex":3}', 2),
        ('"StopCmd":{"Id":50,"Outputs":false}', 0),
    ],
)
async def test_every_spelling_of_a_stop_is_understood(house: House, talker: Talker, message: str, stopped: int) -> None:
    talker.say_frame(f"[{{{message}}}]")
    assert is_ok(await talker.answer_to(50))
    # One zero for each level; the stroker is at rest and has none.
    assert len(house.sent()) == stopped
    assert all(data.endswith(b" 0") for data in house.sent())


@pytest.mark.parametrize("message", ['"StopDeviceCmd":{"Id":50,"DeviceIndex":7}', '"StopCmd":{"Id":50,"DeviceIndex":7}'])
async def test_a_stop_of_an_unknown_device_is_refused_in_every_spelling(talker: Talker, message: str) -> None:
    talker.say_frame(f"[{{{message}}}]")
    assert error_of(await talker.answer_to(50)) == (4, "Device 7 is not connected; connected are: 0")


# Signal strength: two spellings are in use


@pytest.fixture
async def heard(house: House) -> int:
    """Have the device's signal heard; return the feature that tells it."""
    house.simulated[0].disconnect()
    house.simulated[0].rssi = -60
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    return 11


@pytest.mark.parametrize("word", ["RSSI", "Rssi", "rssi"])
async def test_the_signal_strength_is_told_in_the_spelling_it_was_asked_for(talker: Talker, heard: int, word: str) -> None:
    talker.say_frame(f'[{{"InputCmd":{{"Id":50,"DeviceIndex":0,"FeatureIndex":{heard},"Type":"{word}","Command":"Read"}}}}]')
    assert await talker.answer_to(50) == InputReading(50, 0, heard, {word: InputValue(-60)})


async def test_the_list_has_the_signal_strength_in_both_spellings_alone_in_its_feature(talker: Talker, heard: int) -> None:
    answer = await talker.ask(RequestDeviceList)
    assert isinstance(answer, DeviceList)
    feature = answer.devices[0].device_features[heard]
    assert list(feature.input) == ["Rssi", "RSSI"]
    assert feature.output == {}
    for limits in feature.input.values():
        assert (limits.value, limits.command) == ([(-128, 127)], ["Read"])


@pytest.mark.parametrize("word", ["Battery", "battery", "BATTERY"])
@pytest.mark.parametrize("command", ["Read", "read", "READ"])
async def test_other_inputs_are_told_in_the_documents_spelling(build: BuildHouse, word: str, command: str) -> None:
    talker = await (await build("Kiiroo Pearl 2.1")).client()
    talker.say_frame(f'[{{"InputCmd":{{"Id":50,"DeviceIndex":0,"FeatureIndex":1,"Type":"{word}","Command":"{command}"}}}}]')
    assert await talker.answer_to(50) == InputReading(50, 0, 1, {"Battery": InputValue(85)})


@pytest.mark.parametrize("word", ["Depth", "Position", "Unknown", "Temperature", "", "Rs si"])
async def test_an_input_type_that_nobody_can_read_is_a_device_error(talker: Talker, word: str) -> None:
    talker.say_frame(f'[{{"InputCmd":{{"Id":50,"DeviceIndex":0,"FeatureIndex":9,"Type":"{word}","Command":"Read"}}}}]')
    assert error_of(await talker.answer_to(50)) == (4, f'Device 0 "Toy", feature 9: "{word}" is no input type')
