"""Kiiroo and OhMiBod, generation 2.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Subscribe, Unsubscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.shared.strokes import time_for
from tests.server.protocols.helpers import Driven, drive, halted, hexes, link, move, rotate, silent_device, vibrate

PEARL, TITAN, PULSE = "Pearl2.1", "Titan1.1", "Pulse Interactive"


@pytest.mark.parametrize(
    ("model", "value", "data"),
    [(PEARL, 0, "01 00"), (PEARL, 1, "01 01"), (PEARL, 64, "01 40"), (PEARL, 100, "01 64"), (PULSE, 6, "01 06")],
)
def test_vibration(model: str, value: int, data: str) -> None:
    assert drive("kiiroo-v21", model).send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_move_has_the_speed_for_its_way_and_time() -> None:
    toy = drive("kiiroo-v21", TITAN)
    assert hexes(toy.send(move(1, 99, 500))) == ["03 00 28 63"]
    assert hexes(toy.send(move(1, 0, 500))) == ["03 00 28 00"]
    assert hexes(toy.send(move(1, 50, 1000))) == ["03 00 09 32"]
    assert hexes(toy.send(move(1, 50, 500))) == ["03 00 01 32"], "never speed 0, at which it may not move at all"


@pytest.mark.parametrize(
    ("place", "duration", "data"),
    [
        (99, 100, "03 00 63 63"),
        (99, 1, "03 00 63 63"),
        (99, 0, "03 00 63 63"),
        (1, 1000, "03 00 01 01"),
        (1, 100_000, "03 00 01 01"),
        (0, 0, "03 00 63 00"),
        (0, 1000, "03 00 13 00"),
    ],
)
def test_the_speed_of_a_real_move_is_1_to_99(place: int, duration: int, data: str) -> None:
    assert hexes(drive("kiiroo-v21", TITAN).send(move(1, place, duration))) == [data]


def test_both_features_at_once_are_two_packets() -> None:
    assert hexes(drive("kiiroo-v21", TITAN).send(vibrate(0, 10), move(1, 99, 500))) == ["01 0A", "03 00 28 63"]


def test_a_stop_ends_the_move_as_gently_as_can_be_where_it_is() -> None:
    toy = drive("kiiroo-v21", TITAN)
    toy.send(move(1, 99, 2000))
    assert hexes(toy.stop(halted(1, 40))) == ["01 00", "03 00 01 28"]
    assert hexes(toy.send(move(1, 99, 500))) == ["03 00 17 63"], "the next way starts where the last one was halted"


def test_a_stop_on_the_way_from_an_unknown_place_goes_on_at_the_lowest_speed() -> None:
    toy = drive("kiiroo-v21", TITAN)
    assert hexes(toy.stop(move(1, 99, 100_000))) == ["01 00", "03 00 01 63"]


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 100_000))
def test_the_time_a_move_takes_is_that_of_the_speed_it_was_sent(start: int, place: int, duration: int) -> None:
    output = Output(1, OutputType.POSITION_WITH_DURATION, place, duration, start=start)
    toy = drive("kiiroo-v21", TITAN)
    speed = toy.send(output)[0].data[2]
    assert toy.protocol.travel_time(output) == time_for(abs(place - start), speed)


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match=r"Kiiroo Pearl 2\.1 has no Rotate output"):
        drive("kiiroo-v21", PEARL).send(rotate(0, 1))


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("00 00 00 00 00 5A 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 90),
        ("FF FF FF FF FF 00 FF FF FF FF FF FF FF FF FF FF FF FF FF FF", 0),
        ("FF FF FF FF FF 64 FF FF FF FF FF FF FF FF FF FF FF FF FF FF", 100),
    ],
)
async def test_the_battery_level_is_byte_5_of_20(status: str, level: int) -> None:
    device = silent_device()
    device.readable["whitelist"] = [bytes.fromhex(status)]
    protocol = drive("kiiroo-v21", PEARL).protocol
    assert await protocol.read(await link(device, "kiiroo-v21"), 1, InputType.BATTERY) == level


@pytest.mark.parametrize("status", ["", "5A", "00 " * 19, "00 " * 21, "65 " * 20])
async def test_a_status_of_another_form_is_an_error(status: str) -> None:
    device = silent_device()
    device.readable["whitelist"] = [bytes.fromhex(status)]
    protocol = drive("kiiroo-v21", PEARL).protocol
    hardware = await link(device, "kiiroo-v21")
    with pytest.raises(ButtplugDeviceError, match=r"Kiiroo Pearl 2\.1 sent no battery level"):
        await protocol.read(hardware, 1, InputType.BATTERY)


async def test_the_signal_strength_is_the_bus_s() -> None:
    device = silent_device()
    device.rssi = -60
    protocol = drive("kiiroo-v21", PEARL).protocol
    assert await protocol.read(await link(device, "kiiroo-v21"), 1, InputType.RSSI) == -60


REST, FIRST_PRESSED = "03 52 03 53 03 54 03 55 00", "02 00 03 53 03 54 03 55 01"


def readings(toy: Driven, data: str, endpoint: str = "rx") -> list[tuple[int, InputType, int]]:
    return [(reading.feature, reading.type, reading.value) for reading in toy.protocol.notified(endpoint, bytes.fromhex(data))]


def test_the_four_pressure_channels_and_what_is_pressed() -> None:
    toy = drive("kiiroo-v21", PEARL)
    pressure, button = InputType.PRESSURE, InputType.BUTTON
    assert readings(toy, REST) == [(2, pressure, 850), (3, pressure, 851), (4, pressure, 852), (5, pressure, 853)]
    assert readings(toy, FIRST_PRESSED)[:2] == [(2, pressure, 512), (2, button, 1)]
    assert button not in [type_ for _, type_, _ in readings(toy, FIRST_PRESSED)], "a button is told when it changes"
    assert readings(toy, REST)[1] == (2, button, 0)


@pytest.mark.parametrize(("data", "endpoint"), [("", "rx"), ("03 52", "rx"), (REST + " 00", "rx"), (REST, "whitelist")])
def test_notifications_that_are_no_pressures_are_passed_over(data: str, endpoint: str) -> None:
    assert readings(drive("kiiroo-v21", PEARL), data, endpoint) == []


async def test_notifications_are_on_while_any_channel_is_subscribed_to() -> None:
    device = silent_device()
    hardware = await link(device, "kiiroo-v21")
    pearl = drive("kiiroo-v21", PEARL).protocol
    await pearl.subscribe(hardware, 2, InputType.PRESSURE)
    await pearl.subscribe(hardware, 3, InputType.BUTTON)
    await pearl.unsubscribe(hardware, 2, InputType.PRESSURE)
    assert list(device.commands) == [Subscribe("rx"), Subscribe("rx")]
    await pearl.unsubscribe(hardware, 3, InputType.BUTTON)
    assert list(device.commands)[2:] == [Unsubscribe("rx")]
