"""Umove."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.shared.steps import steps_to
from buttplug.server.protocols.umove import Umove
from tests.server.protocols.helpers import (
    configuration,
    drive,
    halted,
    hexes,
    link,
    move,
    position,
    rotate,
    silent_device,
    vibrate,
)


def state(vibration: str, number: int, place: str) -> str:
    return f"5A A5 55 00 {vibration} 01 00 {number:02X} 00 00 00 {place} 00 00"


def temperature(value: int) -> Output:
    return Output(2, OutputType.TEMPERATURE, value)


def heat(value: str) -> str:
    return f"5A A5 55 06 FF FF 00 00 FF FF FF FF {value} FF"


def places(packets: Iterable[Packet]) -> list[int]:
    return [struct.unpack_from("<I", packet.data, 12)[0] for packet in packets]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("UMMiB123", "Umove Mira"),
        ("ALMiB", "Umove Mira"),
        ("ALVxB1", "Umove Vero"),
        ("UMNxB1", "Umove Nexo"),
        ("UMXxB1", "Umove Device"),
        ("UMM", "Umove Device"),
        ("", "Umove Device"),
        ("ü\U0001f600üü", "Umove Device"),
    ],
)
async def test_two_letters_of_the_name_tell_the_model(name: str, model: str) -> None:
    identifier = await Umove.identify(await link(silent_device(name), "umove"))
    definition = configuration().definition("umove", identifier)
    assert definition is not None
    assert definition.name == model


def test_vibration_and_place_share_a_numbered_packet() -> None:
    device = drive("umove", "Mi")
    assert device.protocol.repeat_after is None, "before it was told anything nothing is repeated"
    assert device.send(vibrate(0, 5000)) == [Packet(bytes.fromhex(state("88 13", 0, "00 00")))]
    assert hexes(device.send(position(1, 300))) == [state("88 13", 1, "2C 01")]
    assert hexes(device.send(vibrate(0, 0))) == [state("00 00", 2, "2C 01")]
    assert hexes(device.send(vibrate(0, 1), position(1, 1))) == [state("01 00", 3, "01 00")]
    assert hexes(device.send(vibrate(0, 10000))) == [state("10 27", 4, "01 00")]


@pytest.mark.parametrize(
    ("model", "place", "data"), [("Mi", 632, "78 02"), ("Vx", 732, "DC 02"), ("Nx", 1232, "D0 04"), (None, 0, "00 00")]
)
def test_each_model_has_its_way(model: str | None, place: int, data: str) -> None:
    assert hexes(drive("umove", model).send(position(1, place))) == [state("00 00", 0, data)]


@pytest.mark.parametrize(("value", "data"), [(0, "00"), (37, "25"), (40, "28"), (42, "2A")])
def test_the_temperature_has_its_own_packet(value: int, data: str) -> None:
    device = drive("umove", "Mi")
    assert hexes(device.send(temperature(value))) == [heat(data)]
    assert device.protocol.repeat_after is None


def test_a_timed_move_is_sent_place_by_place() -> None:
    device = drive("umove", "Mi")
    packets = device.send(move(1, 632, 500))
    for _ in range(4):
        assert device.protocol.repeat_after == pytest.approx(0.1)
        packets += device.repeat()
    assert places(packets) == [126, 253, 379, 506, 632]
    assert device.protocol.repeat_after == 0.5


def test_at_rest_the_state_of_now_is_repeated() -> None:
    device = drive("umove", "Mi")
    device.send(vibrate(0, 5000))
    assert hexes(device.repeat()) == [state("88 13", 1, "00 00")]
    device.send(position(1, 300))
    assert hexes(device.repeat()) == [state("88 13", 3, "2C 01")]
    assert device.protocol.repeat_after == 0.5


def test_a_vibration_neither_hastens_nor_ends_a_move() -> None:
    device = drive("umove", "Mi")
    device.send(move(1, 600, 600))
    assert hexes(device.send(vibrate(0, 1))) == [state("01 00", 1, "64 00")]
    assert device.protocol.repeat_after == pytest.approx(0.1)
    assert places(device.repeat()) == [200]
    assert hexes(device.stop_only(vibrate(0, 0))) == [state("00 00", 3, "C8 00")]
    assert places(device.repeat()) == [300]


def test_a_new_goal_begins_where_the_old_move_got_to() -> None:
    device = drive("umove", "Nx")
    device.send(move(1, 1000, 1000))
    assert places(device.send(move(1, 0, 200))) == [50]
    assert places(device.repeat()) == [0]


def test_a_stop_ends_the_move_where_it_is_and_reaches_everything() -> None:
    device = drive("umove", "Mi")
    device.send(vibrate(0, 9), temperature(40), move(1, 600, 600))
    assert hexes(device.stop(halted(1, 100))) == [state("00 00", 1, "64 00"), heat("00")]
    assert device.protocol.repeat_after is None


def test_a_stop_of_the_part_alone_leaves_the_vibration_which_is_still_repeated() -> None:
    device = drive("umove", "Mi")
    device.send(vibrate(0, 9), move(1, 600, 600))
    assert hexes(device.stop_only(halted(1, 100))) == [state("09 00", 1, "64 00")]
    assert device.protocol.repeat_after == 0.5


def test_a_stop_at_rest_leaves_the_place() -> None:
    device = drive("umove", "Mi")
    device.send(position(1, 300))
    assert hexes(device.stop()) == [state("00 00", 1, "2C 01"), heat("00")]
    assert device.protocol.repeat_after is None
    assert drive("umove", "Vx").stop() == []


def test_where_no_place_was_told_yet_it_is_the_lowest_that_the_user_allows() -> None:
    device = drive("umove", "Mi")
    device.protocol.places = {1: (100, 500)}
    assert hexes(device.send(vibrate(0, 1))) == [state("01 00", 0, "64 00")]
    device.protocol.places = {1: (0, 50)}
    assert hexes(device.repeat()) == [state("01 00", 1, "32 00")]


def test_an_unwritten_step_ends_the_move() -> None:
    device = drive("umove", "Nx")
    device.send(move(1, 1000, 1000))
    next(iter(device.protocol.repeat([], device.values)))
    assert device.protocol.repeat_after is None
    assert places(device.repeat()) == [100]


def test_numbers_begin_anew() -> None:
    device = drive("umove", "Vx")
    device.protocol.__dict__["_number"] = 0xFFFF_FFFF
    numbers = [packet.data[8:12] for packet in device.send(position(1, 1)) + device.repeat()]
    assert numbers == [b"\xff\xff\xff\xff", bytes(4)]


@given(st.integers(0, 1232), st.integers(0, 1232), st.integers(0, 10_000))
def test_the_steps_of_a_way_take_its_time_and_end_at_the_goal(start: int, goal: int, duration: int) -> None:
    steps, interval = steps_to(goal, start, duration, 100)
    assert steps[-1] == goal
    assert interval * len(steps) == pytest.approx(duration / 1000)
    assert interval >= 0.1 or len(steps) == 1
    assert sorted(steps, reverse=goal < start) == steps


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Rotate output"):
        drive("umove").send(rotate(1, 1))


@pytest.mark.parametrize("model", ["Vx", "Nx"])
def test_a_toy_that_only_moves_is_not_thrown_to_its_low_end_by_the_stop_on_its_return(model: str) -> None:
    toy = drive("umove", model)
    assert toy.stop_only(move(1, 600, 10_000)) == []
    toy.send(position(1, 300))
    assert len(toy.stop_only(move(1, 600, 10_000))) == 1
