"""ServeU."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.serveu import speed_for, time_for
from tests.server.protocols.helpers import drive, halted, hexes, move, vibrate


def test_the_speed_is_for_its_way_and_time() -> None:
    device = drive("serveu")
    assert device.send(move(0, 100, 1000)) == [Packet(bytes.fromhex("01 64 26"))]
    assert hexes(device.send(move(0, 0, 200))) == ["01 00 8A"]
    assert hexes(device.send(move(0, 50, 1000))) == ["01 32 19"]
    assert hexes(device.send(move(0, 50, 500))) == ["01 32 00"]
    assert hexes(device.send(move(0, 0, 20))) == ["01 00 FA"]
    assert hexes(device.send(move(0, 10, 3000))) == ["01 0A 02"]
    assert hexes(device.send(move(0, 90, 100))) == ["01 5A CA"]
    assert hexes(device.send(move(0, 90, 0))) == ["01 5A FA"]


def test_the_time_is_rounded_as_the_device_s_app_does() -> None:
    assert hexes(drive("serveu").send(move(0, 9, 9))) == ["01 09 D3"]


def test_a_move_that_goes_on_keeps_going_when_its_time_changes() -> None:
    device = drive("serveu")
    device.send(move(0, 100, 10_000))
    assert hexes(device.send(structs.replace(move(0, 100, 1000), start=50))) == ["01 64 19"]


@pytest.mark.parametrize(
    ("steps", "duration", "speed"),
    [
        (0, 1000, 0),
        (1, 1000, 1),
        (50, 1000, 25),
        (51, 1000, 26),
        (100, 133, 201),
        (75, 100, 200),
        (100, 50, 250),
        (100, 49, 250),
        (0, 0, 250),
        (1, 100_000, 1),
    ],
)
def test_the_scale_of_speeds(steps: int, duration: int, speed: int) -> None:
    assert speed_for(steps, duration) == speed


@given(st.integers(1, 100), st.integers(0, 100_000))
def test_a_move_takes_no_longer_than_was_asked_unless_it_cannot_be_faster(steps: int, duration: int) -> None:
    speed = speed_for(steps, duration)
    assert 1 <= speed <= 250
    assert time_for(steps, speed) <= duration + 1 or speed == 250


def test_the_slowest_speed_ends_before_the_time_that_was_asked_for() -> None:
    assert drive("serveu").protocol.travel_time(move(0, 100, 100_000)) == 50_000
    assert time_for(100, 0) == 0
    assert time_for(100, 250) == 50


def test_a_stop_is_speed_0_where_it_is() -> None:
    device = drive("serveu")
    device.send(move(0, 100, 10_000))
    assert hexes(device.stop(halted(0, 40))) == ["01 28 00"]
    assert hexes(device.stop_only(move(0, 100, 100_000))) == ["01 64 00"], "also where its place is not known"
    assert device.stop() == []


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive("serveu").send(vibrate(0, 1))
