"""Sensors: reading them, and the streams of readings that clients subscribe to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buttplug import ButtplugClient
from buttplug.core.messages import (
    DeviceList,
    Error,
    InputCmd,
    InputReading,
    InputValue,
    Ok,
    OutputArguments,
    OutputCmd,
    Ping,
    ServerMessage,
    StopCmd,
)
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedHardware, Subscribe, Unsubscribe
from buttplug.server.devices.sensors import INPUT_LIMIT
from tests.fakes.families import EVERYTHING, Family, install
from tests.fakes.protocols import Sensing
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

BATTERY, PRESSURE = 9, 10
PRESSURES = [{"index": index, "input": {"pressure": {"value": [[0, 1000]], "command": ["Subscribe"]}}} for index in (20, 21)]


@pytest.fixture
async def house(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    family = Family(Sensing, [*EVERYTHING, *PRESSURES])
    house = await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": family}))
    house.simulated[0].commands.clear()
    return house


@pytest.fixture
async def talker(house: House) -> Talker:
    return await house.client()


@pytest.fixture
def toy(house: House) -> SimulatedDevice:
    return house.simulated[0]


def link(toy: SimulatedDevice) -> SimulatedHardware:
    assert isinstance(toy.hardware, SimulatedHardware)
    return toy.hardware


def make_subscribing_slow(
    toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, *, before: float = 0, after: float = 0
) -> None:
    """Have the device take so many seconds before and after it begins to stream."""
    hardware = link(toy)
    quick = hardware.subscribe

    async def slow(endpoint: str) -> None:
        await asyncio.sleep(before)
        await quick(endpoint)
        await asyncio.sleep(after)

    monkeypatch.setattr(hardware, "subscribe", slow)


async def subscribe(talker: Talker, feature: int = PRESSURE, command: str = "Subscribe") -> ServerMessage:
    return await talker.ask(InputCmd, 0, feature, "Pressure", command)


def press(toy: SimulatedDevice, value: int, feature: int = PRESSURE) -> None:
    toy.notify("rx", f"Pressure {feature} {value}".encode())


def readings(talker: Talker) -> list[tuple[int, int]]:
    """The features and values of all readings that came by themselves."""
    return [(event.feature_index, value.value) for event in talker.events(InputReading) for value in event.reading.values()]


# Reading


async def test_a_read_is_answered_with_the_value(talker: Talker, toy: SimulatedDevice) -> None:
    toy.readable["rx"] = [b"87"]
    assert await talker.ask(InputCmd, 0, BATTERY, "Battery", "Read") == InputReading(
        2, 0, BATTERY, {"Battery": InputValue(87)}
    )


@pytest.mark.parametrize(("raw", "told"), [(b"-5", 0), (b"0", 0), (b"100", 100), (b"101", 100), (b"9999999", 100)])
async def test_a_reading_is_kept_inside_the_range_of_its_type(
    talker: Talker, toy: SimulatedDevice, raw: bytes, told: int
) -> None:
    toy.readable["rx"] = [raw]
    answer = await talker.ask(InputCmd, 0, BATTERY, "Battery", "Read")
    assert answer == InputReading(2, 0, BATTERY, {"Battery": InputValue(told)})


async def test_the_battery_of_a_device_that_is_asked_by_a_command_is_read_too(build: BuildHouse) -> None:
    house = await build("Lovense Nora")
    first, second = await house.client("first"), await house.client("second")
    questions = [client.say(InputCmd, 0, 2, "Battery", "Read") for client in (first, second)]
    for client, question in zip((first, second), questions, strict=True):
        assert await client.answer_to(question) == InputReading(question, 0, 2, {"Battery": InputValue(85)})


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        (
            '"DeviceIndex":7,"FeatureIndex":9,"Type":"Battery","Command":"Read"',
            4,
            "Device 7 is not connected; connected are: 0",
        ),
        ('"DeviceIndex":7,"FeatureIndex":9,"Type":"Depth","Command":"Read"', 4, "Device 7 is not connected; connected are: 0"),
        (
            '"DeviceIndex":0,"FeatureIndex":7,"Type":"Battery","Command":"Read"',
            4,
            'Device 0 "Toy": there is no feature 7; its features are 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 20, 21',
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":0,"Type":"Battery","Command":"Read"',
            4,
            'Device 0 "Toy", feature 0: there is no Battery input; its inputs are none',
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":9,"Type":"Pressure","Command":"Subscribe"',
            4,
            'Device 0 "Toy", feature 9: there is no Pressure input; its inputs are Battery',
        ),
        (
            '"DeviceIndex":0,"FeatureIndex":10,"Type":"Pressure","Command":"Read"',
            4,
            'Device 0 "Toy", feature 10: Pressure does not know Read; it knows Subscribe',
        ),
        *(
            (
                f'"DeviceIndex":0,"FeatureIndex":9,"Type":"Battery","Command":"{command}"',
                4,
                'Device 0 "Toy", feature 9: Battery does not know Subscribe; it knows Read',
            )
            for command in ("Subscribe", "Unsubscribe")
        ),
        (
            '"DeviceIndex":7,"FeatureIndex":9,"Type":"Battery","Command":"Look"',
            3,
            '"Look" is no input command: use Read, Subscribe or Unsubscribe',
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_the_place_and_the_reason(
    talker: Talker, frame: str, code: int, text: str
) -> None:
    talker.say_frame(f'[{{"InputCmd":{{"Id":50,{frame}}}}}]')
    assert error_of(await talker.answer_to(50)) == (code, text)


async def test_a_read_that_fails_says_why(talker: Talker) -> None:
    assert error_of(await talker.ask(InputCmd, 0, BATTERY, "Battery", "Read")) == (
        4,
        'Device 0 "Toy", feature 9: Battery was not read: toy has nothing to read on rx',
    )


async def test_an_answer_that_makes_no_sense_is_an_error_of_the_device(
    talker: Talker, toy: SimulatedDevice, caplog: pytest.LogCaptureFixture
) -> None:
    toy.readable["rx"] = [b"full"]
    code, text = error_of(await talker.ask(InputCmd, 0, BATTERY, "Battery", "Read"))
    assert code == 4
    assert text.startswith('Device 0 "Toy", feature 9: Battery was not read: invalid literal')


@pytest.fixture
def hanging(toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the device never answer a question or a subscription."""

    async def hang(endpoint: str) -> bytes:
        await asyncio.sleep(1e9)
        return b""

    for question in ("read", "subscribe", "unsubscribe"):
        monkeypatch.setattr(link(toy), question, hang)


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(
    ("feature", "type_", "command", "failure"),
    [
        (BATTERY, "Battery", "Read", "Battery was not read"),
        (PRESSURE, "Pressure", "Subscribe", "Pressure was not subscribed to"),
    ],
)
async def test_a_device_that_does_not_answer_is_given_up(
    talker: Talker, feature: int, type_: str, command: str, failure: str
) -> None:
    began = asyncio.get_running_loop().time()
    code, text = error_of(await talker.ask(InputCmd, 0, feature, type_, command))
    assert (code, text) == (4, f'Device 0 "Toy", feature {feature}: {failure}: no answer within 5 s')
    assert asyncio.get_running_loop().time() - began == pytest.approx(INPUT_LIMIT, abs=0.02)


@pytest.mark.usefixtures("hanging")
async def test_a_slow_read_holds_up_neither_outputs_nor_stops_nor_pings(talker: Talker) -> None:
    reading = talker.say(InputCmd, 0, BATTERY, "Battery", "Read")
    for kind, fields in (
        (OutputCmd, (0, 0, {"Vibrate": OutputArguments(1)})),
        (StopCmd, ()),
        (Ping, ()),
    ):
        assert is_ok(await talker.ask(kind, *fields))
    assert asyncio.get_running_loop().time() < 1
    assert not any(message.id == reading for message in talker.heard)


@pytest.mark.usefixtures("hanging")
async def test_a_read_ends_with_its_device_and_is_answered_before_the_loss_is_told(
    talker: Talker, toy: SimulatedDevice
) -> None:
    reading = talker.say(InputCmd, 0, BATTERY, "Battery", "Read")
    await asyncio.sleep(0.1)
    toy.disconnect("switched off")
    await asyncio.sleep(0.1)
    failed, event = talker.heard[-2:]
    assert failed.id == reading
    assert error_of(failed) == (4, 'Device 0 "Toy", feature 9: Battery was not read: it was disconnected: switched off')
    assert event == DeviceList(0, {})


async def test_a_read_that_is_being_given_up_when_its_device_goes_is_answered_once(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reluctant(endpoint: str) -> bytes:
        try:
            await asyncio.sleep(1e9)
        finally:
            await asyncio.sleep(1)
        return b""

    monkeypatch.setattr(link(toy), "read", reluctant)
    reading = talker.say(InputCmd, 0, BATTERY, "Battery", "Read")
    await asyncio.sleep(INPUT_LIMIT + 0.5)
    toy.disconnect("switched off")
    await asyncio.sleep(2)
    assert [type(message) for message in talker.heard if message.id == reading] == [Error]
    assert talker.heard[-2:] == [DeviceList(0, {}), await talker.answer_to(reading)]


# Subscribing


async def test_readings_go_to_subscribers_only_and_one_stream_to_each(house: House, toy: SimulatedDevice) -> None:
    once, twice, never = [await house.client(name) for name in ("once", "twice", "never")]
    assert is_ok(await subscribe(once))
    assert is_ok(await subscribe(twice))
    assert is_ok(await subscribe(twice))
    press(toy, 850)
    press(toy, 400)
    assert readings(once) == readings(twice) == [(PRESSURE, 850), (PRESSURE, 400)]
    assert readings(never) == []
    assert list(toy.commands) == [Subscribe("rx")]


async def test_a_reading_is_an_event_that_names_device_and_feature(talker: Talker, toy: SimulatedDevice) -> None:
    await subscribe(talker)
    press(toy, 7)
    assert talker.heard[-1] == InputReading(0, 0, PRESSURE, {"Pressure": InputValue(7)})


async def test_only_the_feature_that_was_subscribed_to_is_told(talker: Talker, toy: SimulatedDevice) -> None:
    await subscribe(talker, 20)
    for feature in (PRESSURE, 20, 21):
        press(toy, feature, feature)
    assert readings(talker) == [(20, 20)]


async def test_a_real_device_streams_each_of_its_channels(build: BuildHouse) -> None:
    house = await build("Kiiroo Pearl 2.1")
    talker = await house.client()
    for feature in (2, 5):
        assert is_ok(await talker.ask(InputCmd, 0, feature, "Pressure", "Subscribe"))
    assert is_ok(await talker.ask(InputCmd, 0, 3, "Button", "Subscribe"))
    house.simulated[0].notify("rx", bytes.fromhex("0352 0300 0200 0100 02"))
    assert readings(talker) == [(2, 850), (3, 1), (5, 256)]


async def test_after_the_ok_of_an_unsubscribe_nothing_comes_and_others_are_not_touched(
    house: House, toy: SimulatedDevice
) -> None:
    leaving, staying = await house.client("leaving"), await house.client("staying")
    await subscribe(leaving)
    await subscribe(staying)
    assert is_ok(await subscribe(leaving, command="Unsubscribe"))
    press(toy, 1)
    assert (readings(leaving), readings(staying)) == ([], [(PRESSURE, 1)])
    assert list(toy.commands) == [Subscribe("rx")]
    await subscribe(staying, command="Unsubscribe")
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]


async def test_unsubscribing_from_nothing_is_ok_and_the_device_does_not_hear_of_it(
    talker: Talker, toy: SimulatedDevice
) -> None:
    assert is_ok(await subscribe(talker, command="Unsubscribe"))
    assert list(toy.commands) == []


@pytest.mark.parametrize(
    ("commands", "streams", "heard"),
    [
        (["Subscribe", "Unsubscribe"], 0, [Subscribe("rx"), Unsubscribe("rx")]),
        (["Subscribe", "Unsubscribe", "Subscribe"], 1, [Subscribe("rx")]),
        (["Subscribe", "Subscribe", "Unsubscribe"], 0, [Subscribe("rx"), Unsubscribe("rx")]),
        (["Unsubscribe", "Subscribe"], 1, [Subscribe("rx")]),
    ],
)
@pytest.mark.parametrize("delay", [0.0, 1.0])
async def test_of_commands_in_quick_succession_the_last_counts_and_each_is_answered_in_order(
    talker: Talker,
    toy: SimulatedDevice,
    monkeypatch: pytest.MonkeyPatch,
    commands: list[str],
    streams: int,
    heard: list[object],
    delay: float,
) -> None:
    hardware = link(toy)
    quick = hardware.subscribe

    async def slow(endpoint: str) -> None:
        await asyncio.sleep(delay)
        await quick(endpoint)

    monkeypatch.setattr(hardware, "subscribe", slow)
    ids = [talker.say(InputCmd, 0, PRESSURE, "Pressure", command) for command in commands]
    for id_ in ids:
        assert is_ok(await talker.answer_to(id_))
    assert [message.id for message in talker.heard[-len(ids) :]] == ids
    press(toy, 5)
    assert len(readings(talker)) == streams
    assert list(toy.commands) == heard


async def test_no_reading_comes_before_the_ok_of_its_subscription(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    hardware = link(toy)
    quick = hardware.subscribe

    async def eager(endpoint: str) -> None:
        await quick(endpoint)
        press(toy, 1)
        await asyncio.sleep(0.1)
        press(toy, 2)

    monkeypatch.setattr(hardware, "subscribe", eager)
    await subscribe(talker)
    press(toy, 3)
    assert [type(message) for message in talker.heard[-2:]] == [Ok, InputReading]
    assert readings(talker) == [(PRESSURE, 3)]


async def test_a_subscription_that_the_device_refuses_is_told_and_may_be_tried_again(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(endpoint: str) -> None:
        raise HardwareError("notifications are switched off")

    with monkeypatch.context() as patched:
        patched.setattr(link(toy), "subscribe", refuse)
        assert error_of(await subscribe(talker)) == (
            4,
            'Device 0 "Toy", feature 10: Pressure was not subscribed to: notifications are switched off',
        )
    assert is_ok(await subscribe(talker))
    press(toy, 5)
    assert readings(talker) == [(PRESSURE, 5)]


async def test_an_unsubscribe_that_the_device_refuses_is_told_and_nothing_comes_all_the_same(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(endpoint: str) -> None:
        raise HardwareError("it is busy")

    await subscribe(talker)
    monkeypatch.setattr(link(toy), "unsubscribe", refuse)
    code, text = error_of(await subscribe(talker, command="Unsubscribe"))
    assert (code, text) == (4, 'Device 0 "Toy", feature 10: Pressure was not unsubscribed from: it is busy')
    press(toy, 5)
    assert readings(talker) == []


async def test_a_subscription_that_was_given_up_leaves_no_device_streaming_to_nobody(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It begins to stream, and its answer is lost.
    make_subscribing_slow(toy, monkeypatch, after=1e9)
    code, text = error_of(await subscribe(talker))
    assert (code, text) == (4, 'Device 0 "Toy", feature 10: Pressure was not subscribed to: no answer within 5 s')
    await asyncio.sleep(0.1)
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]
    assert link(toy).subscribed == set()


async def test_a_subscription_that_was_given_up_takes_nothing_from_the_next_one_of_its_client(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        make_subscribing_slow(toy, patched, before=1e9)
        first = talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
        await asyncio.sleep(1)
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Unsubscribe")
    again = talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    assert not is_ok(await talker.answer_to(first))
    assert is_ok(await talker.answer_to(again))
    press(toy, 5)
    assert readings(talker) == [(PRESSURE, 5)]
    assert is_ok(await subscribe(talker, command="Unsubscribe"))
    assert link(toy).subscribed == set()


async def test_a_subscription_that_was_given_up_takes_nothing_from_another_client(
    house: House, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker, other = await house.client(), await house.client("other")
    await subscribe(other)
    hardware = link(toy)
    make_subscribing_slow(toy, monkeypatch, after=1e9)
    assert not is_ok(await subscribe(talker, 20))
    monkeypatch.setattr(link(toy), "subscribe", hardware.subscribe)
    press(toy, 5)
    assert readings(other) == [(PRESSURE, 5)]


@pytest.mark.usefixtures("hanging")
async def test_however_many_wait_for_a_device_that_does_not_answer_each_is_answered_within_ten_seconds(house: House) -> None:
    talkers = [await house.client(f"client {number}") for number in range(7)]
    asked = [(talker, talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")) for talker in talkers]
    await asyncio.sleep(2 * INPUT_LIMIT + 0.1)
    for talker, id_ in asked:
        assert id_ in [message.id for message in talker.heard], talker.name


async def test_a_subscription_that_fails_takes_nothing_from_an_earlier_one_of_its_client(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(talker)
    make_subscribing_slow(toy, monkeypatch, before=1e9)
    talker.say(InputCmd, 0, 20, "Pressure", "Subscribe")
    # It has to wait for that of the other feature.
    assert not is_ok(await subscribe(talker))
    press(toy, 5)
    assert readings(talker) == [(PRESSURE, 5)]


async def give_up_unsubscribing(talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unsubscribe while the device does not answer."""

    async def hang(endpoint: str) -> None:
        await asyncio.sleep(1e9)

    with monkeypatch.context() as patched:
        patched.setattr(link(toy), "unsubscribe", hang)
        assert not is_ok(await subscribe(talker, command="Unsubscribe"))


async def test_an_unsubscribe_that_was_given_up_may_be_tried_again(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(talker)
    await give_up_unsubscribing(talker, toy, monkeypatch)
    assert is_ok(await subscribe(talker, command="Unsubscribe"))
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]


async def test_bytes_that_make_no_sense_are_logged_and_the_stream_goes_on(
    talker: Talker, toy: SimulatedDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await subscribe(talker)
    toy.notify("rx", b"\xff\xff")
    press(toy, 5)
    assert readings(talker) == [(PRESSURE, 5)]
    assert 'Device 0 "Toy": rx could not be read: ff ff' in caplog.text


@pytest.mark.parametrize(("raw", "told"), [(-1, 0), (2**40, 4294967295)])
async def test_a_streamed_reading_is_kept_inside_the_range_of_its_type(
    talker: Talker, toy: SimulatedDevice, raw: int, told: int
) -> None:
    await subscribe(talker)
    press(toy, raw)
    assert readings(talker) == [(PRESSURE, told)]


# The end of a subscription


@pytest.mark.parametrize(
    ("stop", "left"),
    [
        ({}, []),
        ({"device_index": 0}, []),
        ({"device_index": 0, "feature_index": 20}, [PRESSURE]),
        ({"device_index": 0, "feature_index": 0}, [PRESSURE, 20]),
        ({"inputs": False}, [PRESSURE, 20]),
        ({"outputs": False}, []),
        ({"inputs": True, "outputs": False}, []),
    ],
)
async def test_a_stop_ends_the_subscriptions_it_names_unless_told_otherwise(
    talker: Talker, toy: SimulatedDevice, stop: dict[str, int], left: list[int]
) -> None:
    for feature in (PRESSURE, 20):
        await subscribe(talker, feature)
    assert is_ok(await talker.ask(StopCmd, **stop))
    for feature in (PRESSURE, 20):
        press(toy, 1, feature)
    assert [feature for feature, _ in readings(talker)] == left


async def test_a_stop_of_one_client_leaves_the_subscriptions_of_others(house: House, toy: SimulatedDevice) -> None:
    stopping, listening = await house.client("stopping"), await house.client("listening")
    await subscribe(listening)
    await stopping.ask(StopCmd)
    press(toy, 1)
    assert readings(listening) == [(PRESSURE, 1)]


async def test_a_subscription_ends_with_its_session_at_once(house: House, toy: SimulatedDevice) -> None:
    leaving, staying = await house.client("leaving"), await house.client("staying")
    await subscribe(leaving)
    await subscribe(staying, 20)
    await leaving.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(9)})
    toy.write_delay = 0.5
    end = asyncio.create_task(leaving.session.close("gone"))
    await asyncio.sleep(0.1)
    press(toy, 1)
    await end
    press(toy, 2)
    press(toy, 3, 20)
    assert readings(leaving) == []
    assert readings(staying) == [(20, 3)]
    await staying.session.close("gone")
    await asyncio.sleep(1)
    assert isinstance(toy.commands[-1], Unsubscribe)


@pytest.mark.parametrize("turns", range(4))
async def test_an_unsubscribe_right_before_the_end_of_its_session_is_done_all_the_same(
    talker: Talker, toy: SimulatedDevice, turns: int
) -> None:
    await subscribe(talker)
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Unsubscribe")
    for _ in range(turns):
        await asyncio.sleep(0)
    await talker.session.close("gone")
    await asyncio.sleep(1)
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]


async def test_an_unsubscribe_that_was_given_up_is_tried_again_when_its_client_leaves(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(talker)
    await give_up_unsubscribing(talker, toy, monkeypatch)
    for feature in range(100, 200):
        await subscribe(talker, feature, "Unsubscribe")
    assert len(talker.session._inputs._leaving) == 1
    await talker.session.close("gone")
    await asyncio.sleep(1)
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]


@pytest.mark.parametrize("delay", [0.05, 1.0])
async def test_a_subscription_under_way_when_its_session_ends_is_undone(
    talker: Talker, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    make_subscribing_slow(toy, monkeypatch, after=delay)
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.06)
    await talker.session.close("gone")
    await asyncio.sleep(2)
    assert list(toy.commands) == [Subscribe("rx"), Unsubscribe("rx")]
    assert link(toy).subscribed == set()


async def test_a_subscription_that_waits_for_one_of_a_client_that_goes_is_made_all_the_same(
    house: House, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subscribing_slow(toy, monkeypatch, before=1)
    going, staying = await house.client("going"), await house.client("staying")
    going.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.1)
    asked = staying.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.1)
    await going.session.close("gone")
    assert is_ok(await staying.answer_to(asked))
    press(toy, 5)
    assert readings(staying) == [(PRESSURE, 5)]


async def test_a_subscription_ends_with_its_device(talker: Talker, toy: SimulatedDevice) -> None:
    await subscribe(talker)
    toy.disconnect()
    toy.come_back()
    await asyncio.sleep(1)
    assert talker.session._inputs._spellings == {}
    press(toy, 1)
    assert readings(talker) == []
    await subscribe(talker)
    press(toy, 2)
    assert readings(talker) == [(PRESSURE, 2)]


@pytest.mark.usefixtures("hanging")
async def test_a_device_that_refuses_to_be_quiet_does_not_keep_its_client_from_leaving(
    talker: Talker, toy: SimulatedDevice, caplog: pytest.LogCaptureFixture
) -> None:
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await talker.session.close("gone")
    assert asyncio.get_running_loop().time() - began < 0.1
    await asyncio.sleep(20)
    assert 'Client "talker": Device 0 "Toy"' in caplog.text
    assert talker.events(Error) == []


@pytest.mark.parametrize("again", [None, 0, 1, 3])
async def test_a_listener_that_is_cancelled_in_any_turn_of_the_event_loop_leaves_the_device_unsubscribed(
    house: House, toy: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, again: int | None
) -> None:
    make_subscribing_slow(toy, monkeypatch)
    device = house.server.devices.devices[0]
    async with ButtplugClient("Tests") as client:
        await client.connect(house.server)
        before = asyncio.all_tasks()

        async def listen() -> None:
            async for _ in client.devices[0].subscribe("Pressure"):
                pass

        for turns in range(40):
            listener = asyncio.create_task(listen())
            for _ in range(turns):
                await asyncio.sleep(0)
            listener.cancel()
            for _ in range(again or 0):
                await asyncio.sleep(0)
            if again is not None:
                listener.cancel()
            await asyncio.wait([listener])
            await asyncio.sleep(1)
            assert not any(device._sensors._listeners.values()), turns
            assert not any(session._inputs._wanted for session in house.server.sessions), turns
            assert asyncio.all_tasks() <= before
        assert {type(command) for command in toy.commands} == {Subscribe, Unsubscribe}
        assert isinstance(toy.commands[-1], Unsubscribe)
