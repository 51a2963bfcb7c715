"""From a value a client sends to the bytes a device gets: ranges, the user's limits, and everything that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import (
    DeviceInfo,
    DeviceList,
    OutputArguments,
    OutputCmd,
    RequestDeviceList,
    StopCmd,
)
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from tests.fakes.families import EVERYTHING, Family, install
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

VIBRATE, ROTATE, TEMPERATURE = OutputType.VIBRATE, OutputType.ROTATE, OutputType.TEMPERATURE
POSITION, MOVE = OutputType.POSITION, OutputType.POSITION_WITH_DURATION

Limits = Mapping[tuple[int, OutputType], OutputSettings]


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DeviceConfiguration:
    return install(monkeypatch, tmp_path, {"toy": Family(features=EVERYTHING)})


@pytest.fixture
async def house(build: BuildHouse, configuration: DeviceConfiguration) -> House:
    return await build("toy", configuration=configuration)


@pytest.fixture
async def talker(house: House) -> Talker:
    return await house.client()


async def limit(house: House, outputs: Limits, **settings: object) -> None:
    """Set the user's limits of the first device, and forget the stop that this sends."""
    device = house.server.devices.devices[0]
    await house.server.devices.configure(device.key, DeviceSettings(outputs=outputs, **settings))  # type: ignore[arg-type]
    house.simulated[0].packets.clear()


def words(house: House) -> list[str]:
    return [data.decode() for data in house.sent()]


async def info_of(talker: Talker) -> DeviceInfo:
    answer = await talker.ask(RequestDeviceList)
    assert isinstance(answer, DeviceList)
    return answer.devices[0]


def command(type_: OutputType, value: int, duration: int | None = None) -> dict[str, OutputArguments]:
    return {type_.value: OutputArguments(value, duration)}


# Without limits


@pytest.mark.parametrize(
    ("feature", "type_", "low", "high"),
    [
        (0, VIBRATE, 0, 100),
        (1, ROTATE, -20, 20),
        (2, ROTATE, 0, 20),
        (3, OutputType.OSCILLATE, 0, 20),
        (3, OutputType.CONSTRICT, 0, 3),
        (4, OutputType.SPRAY, 0, 1),
        (5, TEMPERATURE, -10, 10),
        (6, OutputType.LED, 0, 255),
        (8, POSITION, 0, 100),
    ],
)
async def test_both_ends_of_the_shown_range_are_allowed_and_nothing_beyond(
    house: House, talker: Talker, feature: int, type_: OutputType, low: int, high: int
) -> None:
    assert (await info_of(talker)).device_features[feature].output[type_.value].value == (low, high)
    for value in (low, high):
        assert is_ok(await talker.ask(OutputCmd, 0, feature, command(type_, value)))
    for value in (low - 1, high + 1, -(10**30), 10**30):
        code, text = error_of(await talker.ask(OutputCmd, 0, feature, command(type_, value)))
        assert (code, text) == (4, f'Device 0 "Toy", feature {feature}: {type_}: value {value} is outside {low}..{high}')
    assert words(house) == [f"{type_} {feature} {low}", f"{type_} {feature} {high}"]


async def test_a_refused_command_repeated_is_refused_again(house: House, talker: Talker) -> None:
    for _ in range(3):
        assert error_of(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 101)))[0] == 4
    assert words(house) == []


async def test_the_list_shows_every_feature_with_its_ranges_and_only_what_it_has(talker: Talker) -> None:
    features = (await info_of(talker)).device_features
    assert list(features) == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert all(index == feature.feature_index for index, feature in features.items())
    assert features[0].feature_description == "Tip"
    assert features[2].feature_description == ""
    assert features[8].output["HwPositionWithDuration"].duration == (0, 100_000)
    assert all(limits.duration is None for type_, limits in features[3].output.items())
    assert features[9].output == {}
    assert features[9].input["Battery"].value == [(0, 100)]
    assert features[9].input["Battery"].command == ["Read"]
    assert features[10].input["Pressure"].command == ["Subscribe"]


# The user's limits


@pytest.mark.parametrize(
    ("feature", "type_", "limits", "shown", "sent"),
    [
        (0, VIBRATE, (20, 80), (0, 60), {0: 0, 1: 21, 30: 50, 60: 80}),
        (0, VIBRATE, (0, 64), (0, 64), {0: 0, 1: 1, 64: 64}),
        (0, VIBRATE, (64, 100), (0, 36), {0: 0, 1: 65, 36: 100}),
        (0, VIBRATE, (30, 30), (0, 1), {0: 0, 1: 30}),
        (0, VIBRATE, (0, 0), (0, 1), {0: 0, 1: 0}),
        (1, ROTATE, (5, 15), (-10, 10), {-10: -15, -1: -6, 0: 0, 1: 6, 10: 15}),
        (1, ROTATE, (7, 7), (-1, 1), {-1: -7, 0: 0, 1: 7}),
        (5, TEMPERATURE, (0, 4), (-4, 4), {-4: -4, 0: 0, 4: 4}),
        (8, POSITION, (20, 80), (0, 60), {0: 20, 1: 21, 60: 80}),
        (8, POSITION, (0, 0), (0, 1), {0: 0, 1: 0}),
    ],
)
async def test_a_value_counts_inside_the_users_limits(
    house: House,
    talker: Talker,
    feature: int,
    type_: OutputType,
    limits: tuple[int, int],
    shown: tuple[int, int],
    sent: dict[int, int],
) -> None:
    await limit(house, {(feature, type_): OutputSettings(limits)})
    assert (await info_of(talker)).device_features[feature].output[type_.value].value == shown
    for value in sent:
        assert is_ok(await talker.ask(OutputCmd, 0, feature, command(type_, value)))
    # The new limits have stopped it, and equal values are not written twice.
    values = [value for before, value in pairwise([None if type_.is_position else 0, *sent.values()]) if value != before]
    assert words(house) == [f"{type_} {feature} {value}" for value in values]
    for value in (shown[0] - 1, shown[1] + 1):
        code, text = error_of(await talker.ask(OutputCmd, 0, feature, command(type_, value)))
        assert code == 4
        assert f"value {value} is outside {shown[0]}..{shown[1]}" in text


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        (OutputSettings(), {0: 0, 1: 1, 100: 100}),
        (OutputSettings(reverse=True), {0: 100, 1: 99, 100: 0}),
        (OutputSettings((20, 80)), {0: 20, 1: 21, 60: 80}),
        (OutputSettings((20, 80), reverse=True), {0: 80, 1: 79, 60: 20}),
    ],
)
@pytest.mark.parametrize("type_", [POSITION, MOVE])
async def test_a_position_of_zero_obeys_limits_and_reversal_like_any_other(
    house: House, talker: Talker, type_: OutputType, settings: OutputSettings, sent: dict[int, int]
) -> None:
    await limit(house, {(8, type_): settings})
    for value, place in sent.items():
        assert is_ok(await talker.ask(OutputCmd, 0, 8, command(type_, value, 500)))
        assert words(house)[-1] == f"{type_} 8 {place}" + (" 500" if type_ is MOVE else "")
    assert error_of(await talker.ask(OutputCmd, 0, 8, command(type_, -1, 500)))[0] == 4


@pytest.mark.parametrize(
    ("limits", "shown", "sent"),
    [
        (None, (0, 100_000), {0: 0, 1: 1, 100_000: 100_000, 100_001: 100_000, 10**20: 100_000}),
        ((200, 3000), (200, 3000), {0: 200, 199: 200, 200: 200, 1500: 1500, 3000: 3000, 3001: 3000}),
    ],
)
async def test_a_duration_is_moved_into_its_range_without_a_word(
    house: House, talker: Talker, limits: tuple[int, int] | None, shown: tuple[int, int], sent: dict[int, int]
) -> None:
    await limit(house, {(8, MOVE): OutputSettings(duration=limits)})
    assert (await info_of(talker)).device_features[8].output[MOVE.value].duration == shown
    for place, (duration, real) in enumerate(sent.items()):
        assert is_ok(await talker.ask(OutputCmd, 0, 8, command(MOVE, place, duration)))
        assert words(house)[-1] == f"{MOVE} 8 {place}" + (f" {real}" if real else "")


async def test_limits_of_one_output_leave_the_others_alone(house: House, talker: Talker) -> None:
    await limit(house, {(1, ROTATE): OutputSettings((0, 5))})
    assert is_ok(await talker.ask(OutputCmd, 0, 2, command(ROTATE, 20)))
    assert is_ok(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 100)))


async def test_new_limits_stop_the_device_and_are_told_to_every_client(house: House, talker: Talker) -> None:
    other = await house.client("other")
    await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 90))
    device = house.server.devices.devices[0]
    await house.server.devices.configure(device.key, DeviceSettings(outputs={(0, VIBRATE): OutputSettings((0, 50))}))
    assert words(house)[:2] == ["Vibrate 0 90", "Vibrate 0 0"]
    for client in (talker, other):
        (event,) = client.events(DeviceList)
        assert event.devices[0].device_features[0].output["Vibrate"].value == (0, 50)


async def test_a_move_under_way_halts_inside_the_new_limits(house: House, talker: Talker) -> None:
    await talker.ask(OutputCmd, 0, 8, command(MOVE, 0, 1000))
    await asyncio.sleep(5)
    await talker.ask(OutputCmd, 0, 8, command(MOVE, 100, 1000))
    await asyncio.sleep(0.9)
    house.simulated[0].packets.clear()
    device = house.server.devices.devices[0]
    await house.server.devices.configure(device.key, DeviceSettings(outputs={(8, MOVE): OutputSettings((0, 50))}))
    assert words(house)[0] == f"{MOVE} 8 50 100000", "it is outside them: it comes back as slowly as it can"


@pytest.mark.parametrize(
    "settings", [OutputSettings((0, 101)), OutputSettings((-1, 50)), OutputSettings((60, 40)), OutputSettings(duration=(0, 5))]
)
async def test_limits_outside_the_devices_range_are_refused_and_change_nothing(
    house: House, talker: Talker, settings: OutputSettings
) -> None:
    device = house.server.devices.devices[0]
    with pytest.raises(ConfigurationError, match=r"Vibrate .*limits"):
        await house.server.devices.configure(device.key, DeviceSettings(outputs={(0, VIBRATE): settings}))
    assert (await info_of(talker)).device_features[0].output["Vibrate"].value == (0, 100)
    assert device.key not in house.server.devices.configuration.settings
    assert talker.events(DeviceList) == []


async def test_settings_of_a_device_that_is_not_there_hold_when_it_comes(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    key = DeviceKey("toy", "toy", "simulated-1")
    configuration.settings[key] = DeviceSettings(
        display_name="blue one", outputs={(0, VIBRATE): OutputSettings((20, 80))}, message_gap=0.25
    )
    house = await build("toy", configuration=configuration)
    info = await info_of(await house.client())
    assert house.server.devices.devices[0].key == key
    assert info.device_features[0].output["Vibrate"].value == (0, 60)
    assert (info.device_display_name, info.device_message_timing_gap) == ("blue one", 250)


async def test_a_device_whose_settings_do_not_fit_is_not_driven_past_them_and_its_user_is_told_why(
    build: BuildHouse, configuration: DeviceConfiguration, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build("toy", configuration=configuration)
    device = house.server.devices.devices[0]
    configuration.settings[device.key] = DeviceSettings(outputs={(0, VIBRATE): OutputSettings((20, 200))})
    house.simulated[0].disconnect()
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert house.server.devices.devices == {}
    assert not house.simulated[0].connected
    assert "toy did not become ready: the Vibrate limits 20..200 are not inside 0..100" in caplog.text


# Disabled outputs, names, the message gap


async def test_a_disabled_output_is_neither_listed_nor_driven_and_its_siblings_are(house: House, talker: Talker) -> None:
    await limit(
        house,
        {(0, VIBRATE): OutputSettings(disabled=True), (3, OutputType.CONSTRICT): OutputSettings(disabled=True)},
    )
    features = (await info_of(talker)).device_features
    assert 0 not in features
    assert list(features[3].output) == ["Oscillate"]
    for feature, type_ in ((0, VIBRATE), (3, OutputType.CONSTRICT)):
        code, text = error_of(await talker.ask(OutputCmd, 0, feature, command(type_, 1)))
        assert (code, text) == (4, f'Device 0 "Toy", feature {feature}: {type_} is disabled in the user\'s settings')
    assert words(house) == []
    assert is_ok(await talker.ask(OutputCmd, 0, 3, command(OutputType.OSCILLATE, 1)))


async def test_a_disabled_output_is_stopped_with_all_others(house: House, talker: Talker) -> None:
    await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 90))
    device = house.server.devices.devices[0]
    await house.server.devices.configure(device.key, DeviceSettings(outputs={(0, VIBRATE): OutputSettings(disabled=True)}))
    assert words(house)[1] == "Vibrate 0 0"
    house.simulated[0].packets.clear()
    assert is_ok(await talker.ask(StopCmd, 0, 0))
    assert words(house) == ["Vibrate 0 0"]


async def test_a_part_with_one_of_its_two_positions_disabled_keeps_the_limits_of_the_other(
    house: House, talker: Talker
) -> None:
    await limit(house, {(8, POSITION): OutputSettings(disabled=True), (8, MOVE): OutputSettings((20, 80))})
    assert error_of(await talker.ask(OutputCmd, 0, 8, command(POSITION, 1)))[0] == 4
    assert is_ok(await talker.ask(OutputCmd, 0, 8, command(MOVE, 0, 1000)))
    await asyncio.sleep(5)
    assert is_ok(await talker.ask(OutputCmd, 0, 8, command(MOVE, 60, 1000)))
    await asyncio.sleep(0.49)
    assert is_ok(await talker.ask(StopCmd))
    assert words(house)[1] == f"{MOVE} 8 80 1000"
    assert words(house)[2] == f"{MOVE} 8 50 200"


async def test_the_display_name_is_told_only_where_there_is_one_and_is_what_errors_say(house: House, talker: Talker) -> None:
    assert (await info_of(talker)).device_display_name is None
    await limit(house, {}, display_name="blue one")
    info = await info_of(talker)
    assert (info.device_name, info.device_display_name) == ("Toy", "blue one")
    assert 'Device 0 "blue one", feature 0' in error_of(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 101)))[1]


@pytest.mark.parametrize(
    ("definition", "hardware", "user", "shown"),
    [
        (0, 0.0, None, 0),
        (50, 0.0, None, 50),
        (50, 0.0, 0.2, 200),
        (50, 0.0, 0.0, 0),
        (0, 0.075, None, 0),
        (None, 0.075, None, 75),
    ],
)
async def test_the_message_gap_is_the_users_else_the_models_else_that_of_the_bus(
    build: BuildHouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    definition: int | None,
    hardware: float,
    user: float | None,
    shown: int,
) -> None:
    configuration = install(monkeypatch, tmp_path, {"toy": Family(message_gap_ms=definition)})
    house = await build("toy", configuration=configuration)
    configuration.settings[house.server.devices.devices[0].key] = DeviceSettings(message_gap=user)
    house.simulated[0].message_gap = hardware
    house.simulated[0].disconnect()
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    talker = await house.client()
    assert (await info_of(talker)).device_message_timing_gap == shown
    times: list[float] = []
    house.simulated[0].on_packet = lambda packet: times.append(asyncio.get_running_loop().time())
    for value in (1, 2):
        await talker.ask(OutputCmd, 0, 0, command(VIBRATE, value))
    # The talker itself looks for an answer every 10 ms only.
    assert times[1] - times[0] == pytest.approx(max(shown / 1000, 0.01), abs=1e-6)


# Errors


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        (
            '"DeviceIndex":7,"FeatureIndex":0,"Command":{"Vibrate":{"Value":1}}',
            4,
            "Device 7 is not connected; connected are: 0",
        ),
        (
            '"DeviceIndex":7,"FeatureIndex":0,"Command":{"Wobble":{"Value":1}}',
            4,
            "Device 7 is not connected; connected are: 0",
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":7,"Command":{"Vibrate":{"Value":1}}',
            4,
            'Device 0 "Toy": there is no feature 7; its features are 0, 1, 2, 3, 4, 5, 6, 8, 9, 10',
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":0,"Command":{"Rotate":{"Value":1}}',
            4,
            'Device 0 "Toy", feature 0: there is no Rotate output; its outputs are Vibrate',
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":9,"Command":{"Vibrate":{"Value":1}}',
            4,
            'Device 0 "Toy", feature 9: there is no Vibrate output; its outputs are none',
        ),
        *(
            (
                f'"DeviceIndex":0,"FeatureIndex":0,"Command":{{"{word}":{{"Value":1}}}}',
                4,
                f'Device 0 "Toy", feature 0: "{word}" is no output type',
            )
            for word in ("Wobble", "Inflate", "Unknown", "", "Vibrate ")
        ),
        ('"DeviceIndex":0,"FeatureIndex":0,"Command":{}', 3, "Command must name one output type, not 0"),
        (
            '"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":1},"Rotate":{"Value":1}}',
            3,
            "Command must name one output type, not 2",
        ),
        ('"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{}}', 3, "Vibrate needs a Value"),
        ('"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":null}}', 3, "Vibrate needs a Value"),
        ('"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Position":5}}', 3, "Vibrate needs a Value"),
        (
            '"DeviceIndex":0,"FeatureIndex":8,"Command":{"HwPositionWithDuration":{"Value":5}}',
            3,
            "HwPositionWithDuration needs a Duration of 0 ms or more",
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":8,"Command":{"HwPositionWithDuration":{"Value":5,"Duration":-1}}',
            3,
            "HwPositionWithDuration needs a Duration of 0 ms or more",
        ),
    ],
)
async def test_an_output_that_cannot_be_set_is_refused_with_the_place_and_the_reason(
    house: House, talker: Talker, frame: str, code: int, text: str
) -> None:
    talker.say_frame(f'[{{"OutputCmd":{{"Id":50,{frame}}}}}]')
    assert error_of(await talker.answer_to(50)) == (code, text)
    assert words(house) == []


async def test_a_failed_write_is_told_with_device_feature_and_output(house: House, talker: Talker) -> None:
    house.simulated[0].write_error = HardwareError("the battery is empty")
    assert error_of(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 1))) == (
        4,
        'Device 0 "Toy", feature 0: Vibrate: the battery is empty',
    )


async def test_a_write_that_never_ends_is_told_too(house: House, talker: Talker) -> None:
    house.simulated[0].write_delay = 1e6
    code, text = error_of(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 1)))
    assert (code, text) == (4, 'Device 0 "Toy", feature 0: Vibrate: writing to tx did not end in time')


async def test_a_command_to_a_device_that_has_gone_names_those_that_are_left(house: House, talker: Talker) -> None:
    house.simulated[0].disconnect()
    assert error_of(await talker.ask(OutputCmd, 0, 0, command(VIBRATE, 1))) == (
        4,
        "Device 0 is not connected; connected are: none",
    )
