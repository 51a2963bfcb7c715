"""Sexverse v1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import constrict, custom_definition, drive, hexes, oscillate, rotate, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [
        (0, "23 07 03 81 03 00 A5"),
        (1, "23 07 03 81 03 01 A4"),
        (128, "23 07 03 81 03 80 25"),
        (255, "23 07 03 81 03 FF 5A"),
    ],
)
def test_one_motor(level: int, data: str) -> None:
    assert drive("sexverse-v1", "Rex").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_two_motors_are_in_every_packet() -> None:
    toy = drive("sexverse-v1", "Cali")
    assert hexes(toy.send(vibrate(0, 100))) == ["23 07 06 81 03 64 82 04 00 42"]
    assert hexes(toy.send(constrict(1, 50))) == ["23 07 06 81 03 64 82 04 32 70"]
    assert hexes(toy.send(vibrate(0, 0))) == ["23 07 06 81 03 00 82 04 32 14"]
    assert hexes(toy.send(vibrate(0, 100), constrict(1, 0))) == ["23 07 06 81 03 64 82 04 00 42"]
    assert hexes(toy.stop()) == ["23 07 06 81 03 00 82 04 00 26"]


def test_three_motors_are_in_every_packet() -> None:
    toy = drive("sexverse-v1", "Olis")
    assert hexes(toy.send(rotate(2, 255))) == ["23 07 09 81 03 00 82 03 00 83 06 FF 54"]
    assert hexes(toy.send(vibrate(0, 16))) == ["23 07 09 81 03 10 82 03 00 83 06 FF 44"]
    assert hexes(toy.send(vibrate(1, 32))) == ["23 07 09 81 03 10 82 03 20 83 06 FF 64"]
    assert hexes(toy.send(rotate(2, 0))) == ["23 07 09 81 03 10 82 03 20 83 06 00 9B"]


def test_thrusting_has_the_number_of_suction() -> None:
    assert hexes(drive("sexverse-v1", "LY213A01").send(oscillate(0, 64))) == ["23 07 06 81 04 40 82 03 00 66"]


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_all_bytes_together_make_0(levels: tuple[int, int, int]) -> None:
    first, second, third = levels
    data = drive("sexverse-v1", "Olis").send(vibrate(0, first), vibrate(1, second), rotate(2, third))[0].data
    total = 0
    for byte in data:
        total ^= byte
    assert total == 0


def test_motors_are_numbered_as_they_come_whatever_the_indexes_of_their_features() -> None:
    vibrator = {OutputType.VIBRATE: (0, 255)}
    toy = drive("sexverse-v1", definition=custom_definition("sexverse-v1", vibrator, {}, vibrator))
    assert hexes(toy.send(vibrate(2, 9))) == ["23 07 06 81 03 00 82 03 09 28"]


def test_a_motor_that_cannot_be_driven_stands_still_in_the_packet_of_the_others() -> None:
    definition = custom_definition("sexverse-v1", {OutputType.VIBRATE: (0, 255)}, {OutputType.ROTATE: (-255, 255)})
    toy = drive("sexverse-v1", definition=definition)
    del toy.values[1]  # it is left out of the device
    assert hexes(toy.send(vibrate(0, 9))) == ["23 07 06 81 03 09 82 06 00 2D"]
