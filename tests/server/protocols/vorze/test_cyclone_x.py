"""Vorze Cyclone X10."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, rotate


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0, "31 30 30 30"),
        (1, "30 31 30 30"),
        (5, "30 35 30 30"),
        (10, "30 3A 30 30"),
        (-1, "30 31 30 31"),
        (-3, "30 33 30 31"),
        (-10, "30 3A 30 31"),
    ],
)
def test_speed_direction_and_pause_are_in_one_report(value: int, state: str) -> None:
    report = bytes.fromhex(f"00 3C 30 31 35 32 {state} 30 01 02 03 68 3E")
    assert drive("vorze-cyclone-x").send(rotate(0, value)) == [Packet(report)]


def test_a_stop_pauses_it_at_speed_0() -> None:
    device = drive("vorze-cyclone-x")
    device.send(rotate(0, -10))
    assert hexes(device.stop()) == ["00 3C 30 31 35 32 31 30 30 30 30 01 02 03 68 3E"]
