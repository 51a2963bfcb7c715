"""Lovense."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Notification, Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.lovense import Lovense, battery_level, device_type
from tests.server.protocols.helpers import (
    Driven,
    constrict,
    custom_definition,
    drive,
    halted,
    link,
    move,
    oscillate,
    position,
    rotate,
    silent_device,
    texts,
    vibrate,
)

QUERY = Packet(b"DeviceType;")

# Outputs


@pytest.mark.parametrize(
    ("model", "output", "command"),
    [
        (None, vibrate(0, 1), "Vibrate:1;"),
        ("S", vibrate(0, 10), "Vibrate:10;"),
        ("S", vibrate(0, 20), "Vibrate:20;"),
        ("S", vibrate(0, 0), "Vibrate:0;"),
        ("EI", vibrate(0, 10), "Vibrate:10;"),
        ("F", oscillate(0, 20), "Vibrate:20;"),
        ("B", vibrate(0, 5), "Vibrate:5;"),
        ("B", constrict(1, 3), "Air:Level:3;"),
        ("B", constrict(1, 0), "Air:Level:0;"),
        ("A", vibrate(0, 10), "Vibrate:10;"),
        ("A", rotate(1, 10), "Rotate:10;"),
        ("EL", rotate(1, 20), "Rotate:20;"),
        ("P", vibrate(0, 5), "Vibrate1:5;"),
        ("P", vibrate(1, 20), "Vibrate2:20;"),
        ("EA", oscillate(1, 10), "Vibrate2:10;"),
        ("WD", vibrate(0, 10), "Vibrate1:10;"),
        ("EI-FW3", vibrate(0, 5), "Mply:5:0:0;"),
        ("EI-FW3", rotate(2, 20), "Mply:0:0:20;"),
        ("U", vibrate(2, 20), "Mply:0:0:20;"),
        ("BA", oscillate(0, 10), "Mply:10:20;"),
        ("BA", oscillate(0, 0), "Mply:0:20;"),
        ("H", oscillate(0, 10), "Mply:10:20;"),
        ("H", oscillate(0, 0), "Mply:0:0;"),
    ],
)
def test_each_model_has_its_commands(model: str | None, output: Output, command: str) -> None:
    assert drive("lovense", model).send(output) == [Packet(command.encode(), endpoint="tx", response=False)]


def test_two_vibrators_have_a_command_each() -> None:
    toy = drive("lovense", "P")
    assert texts(toy.send(vibrate(0, 10), vibrate(1, 10))) == ["Vibrate1:10;", "Vibrate2:10;"]
    assert texts(toy.send(vibrate(1, 15))) == ["Vibrate2:15;"]
    assert texts(toy.stop()) == ["Vibrate1:0;", "Vibrate2:0;"]


def test_three_motors_share_one_command() -> None:
    toy = drive("lovense", "EI-FW3")
    assert texts(toy.send(vibrate(0, 10), vibrate(1, 10))) == ["Mply:10:10:0;"]
    assert texts(toy.send(vibrate(0, 15), rotate(2, 5))) == ["Mply:15:10:5;"]
    assert texts(toy.send(vibrate(0, 0))) == ["Mply:0:10:5;"]
    assert texts(toy.stop()) == ["Mply:0:0:0;"]


def test_the_shared_command_takes_any_kind_of_motor_and_any_index() -> None:
    definition = custom_definition(
        "lovense",
        {OutputType.VIBRATE: (0, 20)},
        {OutputType.OSCILLATE: (0, 20)},
        {OutputType.ROTATE: (-20, 20)},
        {OutputType.OSCILLATE: (0, 20)},
        first=3,
    )
    toy = drive("lovense", definition=definition)
    assert texts(toy.send(oscillate(4, 7), rotate(5, -8), oscillate(6, 9))) == ["Mply:0:7:8:9;"]


def test_the_direction_changes_when_the_sign_does() -> None:
    toy = drive("lovense", "A")
    for value, commands in [
        (10, ["Rotate:10;"]),
        (-20, ["RotateChange;", "Rotate:20;"]),
        (-10, ["Rotate:10;"]),
        (0, ["Rotate:0;"]),
        (-5, ["Rotate:5;"]),
        (5, ["RotateChange;", "Rotate:5;"]),
    ]:
        assert texts(toy.send(rotate(1, value))) == commands


def test_a_stop_does_not_change_the_direction() -> None:
    toy = drive("lovense", "A")
    toy.send(rotate(1, -5))
    assert texts(toy.stop()) == ["Vibrate:0;", "Rotate:0;"]
    assert texts(toy.send(rotate(1, -5))) == ["Rotate:5;"]


@pytest.mark.parametrize(("written", "commands"), [(0, ["RotateChange;", "Rotate:5;"]), (1, ["Rotate:5;"])])
def test_the_direction_is_what_was_written_not_what_was_meant(written: int, commands: list[str]) -> None:
    toy = drive("lovense", "A")
    packets = iter(toy.protocol.encode([rotate(1, -5)], {0: 0, 1: -5}))
    next(packets)
    for _ in range(written):
        next(packets)
    assert texts(toy.send(rotate(1, -5))) == commands


@pytest.mark.parametrize("model", ["S", "P", "A", "B"])
def test_a_position_is_refused_by_all_but_strokers(model: str) -> None:
    with pytest.raises(ButtplugDeviceError, match="has no HwPositionWithDuration output"):
        drive("lovense", model).send(move(0, 50, 500))


def test_a_position_without_duration_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Position output"):
        drive("lovense", "BA").send(position(0, 50))


# The stroker's timed moves


def sites(packets: Iterable[Packet]) -> list[int]:
    """Return the places of ``FSetSite`` commands."""
    words = [text.rstrip(";").split(":") for text in texts(packets)]
    assert all(name == "FSetSite" for name, _ in words)
    return [int(place) for _, place in words]


def go(toy: Driven, goal: int, duration: int) -> tuple[float, list[int]]:
    """Move to the end; return the seconds until the last step, to the millisecond, and the places."""
    first = toy.send(move(0, goal, duration))
    elapsed, rest = toy.repeat_to_the_end()
    return round(elapsed, 3), sites(first + rest)


def test_a_move_is_a_row_of_places() -> None:
    toy = drive("lovense", "BA")
    assert go(toy, 50, 500) == (0.4, [10, 20, 30, 40, 50])
    assert go(toy, 20, 350) == (0.233, [40, 30, 20])
    assert go(toy, 100, 1000) == (0.9, [28, 36, 44, 52, 60, 68, 76, 84, 92, 100])
    assert go(toy, 97, 1000) == (0.667, [99, 98, 97])
    assert go(toy, 40, 90) == (0, [40])
    assert go(toy, 41, 0) == (0, [41])


def test_a_move_takes_its_time_however_the_way_divides() -> None:
    elapsed, places = go(drive("lovense", "BA"), 55, 3000)
    assert elapsed == 2.9, "the last of thirty steps of 100 ms has 100 ms for itself"
    assert len(places) == 30
    assert places[-1] == 55


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100_000))
def test_a_move_goes_one_way_ends_at_its_goal_and_in_time(start: int, goal: int, duration: int) -> None:
    toy = drive("lovense", "BA")
    go(toy, start, 0)
    elapsed, places = go(toy, goal, duration)
    if start == goal:
        assert (elapsed, places) == (0, [])
        return
    assert places[-1] == goal
    assert places == sorted(set(places), reverse=goal < start)
    assert len(places) <= max(duration // 100, 1)
    assert elapsed == pytest.approx((duration - duration / len(places)) / 1000, abs=0.001)


def test_a_place_where_it_is_already_sends_nothing() -> None:
    toy = drive("lovense", "BA")
    go(toy, 50, 500)
    assert toy.send(move(0, 50, 1000)) == []
    assert toy.protocol.repeat_after is None


@pytest.mark.parametrize("oscillated", [False, True])
def test_where_it_may_be_anywhere_it_is_sent_to_the_low_end_too(oscillated: bool) -> None:
    toy = drive("lovense", "BA")
    if oscillated:
        go(toy, 50, 500)
        toy.send(oscillate(0, 10))
        toy.send(oscillate(0, 0))
    assert sites(toy.send(move(0, 0, 1000))) == [0]
    assert toy.protocol.repeat_after is None


def test_a_new_move_starts_where_the_last_step_was() -> None:
    toy = drive("lovense", "BA")
    assert sites(toy.send(move(0, 100, 1000)) + toy.repeat() + toy.repeat()) == [10, 20, 30]
    assert go(toy, 0, 300) == (0.2, [20, 10, 0])


def test_a_move_to_where_it_is_now_ends_the_one_before() -> None:
    toy = drive("lovense", "BA")
    toy.send(move(0, 100, 1000))
    assert toy.send(move(0, 10, 1000)) == []
    assert toy.protocol.repeat_after is None


@pytest.mark.parametrize("speed", [0, 10])
def test_oscillation_ends_a_move_and_speed_0_halts_it(speed: int) -> None:
    toy = drive("lovense", "BA")
    assert sites(toy.send(move(0, 100, 1000)) + toy.repeat()) == [10, 20]
    assert texts(toy.send(oscillate(0, speed))) == [f"Mply:{speed}:20;"]
    assert toy.protocol.repeat_after is None


@pytest.mark.parametrize(("places", "length"), [((0, 100), 20), ((20, 60), 8), ((0, 49), 9), ((50, 50), 1)])
def test_an_oscillation_is_no_longer_than_the_way_that_the_user_leaves_the_part(places: tuple[int, int], length: int) -> None:
    toy = drive("lovense", "BA")
    toy.protocol.places = {0: places}
    assert texts(toy.send(oscillate(0, 10))) == [f"Mply:10:{length};"]
    assert texts(toy.stop()) == ["Mply:0:20;"]


def test_a_stop_halts_a_move_where_it_is() -> None:
    toy = drive("lovense", "BA")
    assert sites(toy.send(move(0, 100, 1000)) + toy.repeat()) == [10, 20]
    assert texts(toy.stop(halted(0, 23))) == ["Mply:0:20;"]
    assert toy.protocol.repeat_after is None
    assert go(toy, 30, 200) == (0.1, [25, 30])


def test_a_step_that_was_not_written_ends_the_move() -> None:
    toy = drive("lovense", "BA")
    toy.send(move(0, 100, 1000))
    next(iter(toy.protocol.repeat([], toy.values)))
    assert toy.protocol.repeat_after is None
    assert go(toy, 20, 100) == (0, [20]), "it is still where the first step was"


@pytest.mark.parametrize("model", [None, "S", "P", "U", "A", "H", "BA"])
def test_nothing_is_repeated_at_rest(model: str | None) -> None:
    toy = drive("lovense", model)
    assert toy.protocol.repeat_after is None
    toy.stop()
    assert toy.protocol.repeat_after is None


# Identification


def toy_answering(*answers: bytes, name: str = "LVS-DoesntMatter") -> SimulatedDevice:
    """Return a device that sends all of these for the first packet."""
    device = silent_device(name)

    def answer(packet: Packet) -> None:
        if len(device.packets) == 1:
            for data in answers:
                device.notify("rx", data)

    device.answer = answer
    return device


@pytest.mark.parametrize(
    ("reply", "identifier"),
    [
        (b"C:11:0082059AD3BD;", "C"),
        (b"Z:11:0082059AD3BD;", "Z"),
        (b"ToyS:1:0082059AD3BD;", "ToyS"),
        (b"EI:02:0082059AD3BD;", "EI"),
        (b"EI:03:0082059AD3BD;", "EI-FW3"),
        (b"EI:252:0082059AD3BD;", "EI-FW3"),
        (b"EI::0082059AD3BD;", "EI"),
        (b"EI:x:0082059AD3BD;", "EI"),
        (b"EI:3;", "EI-FW3"),
        (b"H:252:0082059AD3BD;", "H"),
        (b"OK;C:11:0082059AD3BD;", "C"),
    ],
)
async def test_the_model_is_what_the_device_says(reply: bytes, identifier: str) -> None:
    device = toy_answering(reply)
    assert await Lovense.identify(await link(device, "lovense")) == identifier
    assert list(device.commands) == [Subscribe("rx"), QUERY]
    assert asyncio.get_running_loop().time() == 0


@pytest.mark.parametrize(
    "noise",
    [b"OK;", b"89;", b"s89;", b"W;", b"", b";", b"\xff\xfe;", b"\xc3:11:0082059AD3BD;", b"ERR:;:", b"1:2:3;", b"A" * 99],
)
async def test_what_is_no_answer_is_passed_over(noise: bytes) -> None:
    assert device_type(Notification("rx", noise)) is None
    device = toy_answering(noise, b"P:11:0082059AD3BD;")
    assert await Lovense.identify(await link(device, "lovense")) == "P"
    assert list(device.packets) == [QUERY]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("LVS-B011", "B"),
        ("LVS-EI1", "EI"),
        ("my LVS-ZA36", "ZA"),
        ("LVS-Edge36", "P"),
        ("LVS-Domi40", "W"),
        ("LVS-Hush", "Z"),
        ("LVS-Edger36", None),
        ("Edge36", None),
        ("LVS-B", None),
        ("LOVE-B011", None),
        ("Lovense Dongle Device", None),
    ],
)
async def test_a_silent_device_is_asked_six_times_and_then_known_by_its_name(name: str, identifier: str | None) -> None:
    device = toy_answering(name=name)
    assert await Lovense.identify(await link(device, "lovense")) == identifier
    assert list(device.packets) == [QUERY] * 6
    assert asyncio.get_running_loop().time() == pytest.approx(3)


async def test_a_chatting_device_is_not_waited_for_any_longer() -> None:
    device = toy_answering(name="LVS-B011")
    hardware = await link(device, "lovense")

    async def chat() -> None:
        while True:
            device.notify("rx", b"OK;")
            await asyncio.sleep(0.1)

    chatting = asyncio.create_task(chat())
    assert await Lovense.identify(hardware) == "B"
    assert asyncio.get_running_loop().time() == pytest.approx(3)
    chatting.cancel()


async def test_a_late_answer_is_taken() -> None:
    device = toy_answering()
    hardware = await link(device, "lovense")
    asyncio.get_running_loop().call_later(1.2, device.notify, "rx", b"A:11:0082059AD3BD;")
    assert await Lovense.identify(hardware) == "A"
    assert list(device.packets) == [QUERY] * 3
    assert asyncio.get_running_loop().time() == pytest.approx(1.2)


async def test_a_disconnection_ends_the_identification() -> None:
    device = toy_answering()
    hardware = await link(device, "lovense")
    asyncio.get_running_loop().call_later(1.2, device.disconnect)
    with pytest.raises(HardwareDisconnectedError, match="out of range"):
        await Lovense.identify(hardware)


async def test_a_failed_query_ends_the_identification() -> None:
    device = toy_answering()
    hardware = await link(device, "lovense")
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await Lovense.identify(hardware)


@given(st.binary(max_size=40))
def test_no_bytes_break_the_parsers(data: bytes) -> None:
    assert (device_type(Notification("rx", data)) or "A").isalnum()
    assert (battery_level(Notification("rx", data)) or 0) <= 100


# Battery


async def read_battery(device: SimulatedDevice) -> int:
    hardware = await link(device, "lovense")
    await hardware.subscribe("rx")
    return await drive("lovense", "S").protocol.read(hardware, 1, InputType.BATTERY)


@pytest.mark.parametrize(
    ("replies", "level"),
    [
        ([b"100;"], 100),
        ([b"0;"], 0),
        ([b"89;"], 89),
        ([b"s89;"], 89),
        ([b"OK;", b"s89;"], 89),
        ([b"OK;64;"], 64),
        ([b"OK;s64;OK;"], 64),
        ([b"101;7;"], 7),
        ([b"OK;64", b"A64;", b"C:11:64;", b"1:64;", b"-64;", b"1000;", b"5;"], 5),
        ([b"", b";", b"s", b"s;", b"\xc3", b"101;", b"999;", b"-1;", b"5", b"1:2;", b"42;"], 42),
    ],
)
async def test_the_battery_level_is_the_first_percentage(replies: list[bytes], level: int) -> None:
    device = toy_answering(*replies)
    assert await read_battery(device) == level
    assert list(device.packets) == [Packet(b"Battery;")]


async def test_a_late_battery_level_is_taken() -> None:
    device = toy_answering()
    asyncio.get_running_loop().call_later(1.9, device.notify, "rx", b"64;")
    assert await read_battery(device) == 64


async def test_no_battery_level_is_an_error_after_two_seconds() -> None:
    with pytest.raises(HardwareTimeoutError, match="LVS-DoesntMatter did not tell its battery level"):
        await read_battery(toy_answering())
    assert asyncio.get_running_loop().time() == pytest.approx(2)


async def test_other_notifications_do_not_prolong_the_wait_for_the_battery_level() -> None:
    device = toy_answering()

    async def chat() -> None:
        while True:
            device.notify("rx", b"OK;")
            await asyncio.sleep(0.4)

    chatting = asyncio.create_task(chat())
    with pytest.raises(HardwareTimeoutError, match="did not tell its battery level"):
        await read_battery(device)
    assert asyncio.get_running_loop().time() == pytest.approx(2)
    chatting.cancel()


async def test_a_disconnection_ends_the_battery_query() -> None:
    device = toy_answering()
    asyncio.get_running_loop().call_later(0.1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await read_battery(device)


async def test_the_signal_strength_is_the_bus_s() -> None:
    device = toy_answering()
    device.rssi = -70
    hardware = await link(device, "lovense")
    assert await drive("lovense", "S").protocol.read(hardware, 0, InputType.RSSI) == -70


@pytest.mark.parametrize("output", [vibrate(0, -5), oscillate(1, -5)])
def test_a_motor_of_one_direction_is_not_told_another(output: Output) -> None:
    ranges: dict[OutputType, tuple[int, int]] = {output.type: (-20, 20)}
    device = drive("lovense", definition=custom_definition("lovense", ranges, ranges))
    with pytest.raises(ButtplugDeviceError, match=f"one direction of {output.type}"):
        device.send(output)
