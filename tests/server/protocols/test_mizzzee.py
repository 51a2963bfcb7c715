"""Mizz Zee."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("family", "level", "data"),
    [
        ("mizzzee", 0, "69 96 03 01 00 00"),
        ("mizzzee", 1, "69 96 03 01 01 01"),
        ("mizzzee", 34, "69 96 03 01 01 22"),
        ("mizzzee", 68, "69 96 03 01 01 44"),
        ("mizzzee-v2", 0, "69 96 04 02 00 2C 00"),
        ("mizzzee-v2", 1, "69 96 04 02 01 2C 01"),
        ("mizzzee-v2", 34, "69 96 04 02 22 2C 22"),
        ("mizzzee-v2", 68, "69 96 04 02 44 2C 44"),
    ],
)
def test_the_first_and_the_second(family: str, level: int, data: str) -> None:
    assert drive(family).send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("level", "strength"),
    [
        (1, "FC 4C"),
        (2, "3C 4D"),
        (100, "BC 5E"),
        (250, "7C 79"),
        (500, "3C A6"),
        (750, "FC D2"),
        (999, "BC FF"),
        (1000, "FC FF"),
    ],
)
def test_the_third_has_the_strength_twice(level: int, strength: str) -> None:
    motor = f"00 FC 00 FE 40 01 {strength}"
    expected = Packet(bytes.fromhex(f"03 12 F3 {motor} {motor} 00"), response=True)
    assert drive("mizzzee-v3").send(vibrate(0, level)) == [expected]


OFF = "03 12" + 18 * " 00"


@pytest.mark.parametrize(
    ("family", "data"), [("mizzzee", "69 96 03 01 00 00"), ("mizzzee-v2", "69 96 04 02 00 2C 00"), ("mizzzee-v3", OFF)]
)
def test_a_stop_sends_zero(family: str, data: str) -> None:
    toy = drive(family)
    toy.send(vibrate(0, 50))
    assert hexes(toy.stop()) == [data]


def test_the_third_is_told_its_level_again_after_silence_zeros_too() -> None:
    toy = drive("mizzzee-v3")
    assert toy.protocol.repeat_after == 0.2
    assert toy.send(vibrate(0, 0)) == toy.repeat() == [Packet(bytes.fromhex(OFF), response=True)]
    assert toy.send(vibrate(0, 500)) == toy.repeat()
    toy.stop()
    assert hexes(toy.repeat()) == [OFF]
