"""Foreo."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("FOFO", 5, "01 01 05"),
        ("LUNA fofo", 1, "01 01 01"),
        ("UFO mini 2", 10, "01 01 0A"),
        ("LUNA play smart 2", 10, "01 03 0A"),
        ("LUNA PLAYSMART2", 0, "01 03 00"),
        ("LUNA PLAY SMART", 1, "01 00 01"),
        ("LUNA 4", 10, "01 00 0A"),
        ("BEAR2", 0, "01 00 00"),
        ("UFO3led", 10, "01 01 0A"),
        ("", 10, "01 00 0A"),
    ],
)
def test_the_mode_is_told_by_the_name(name: str, value: int, data: str) -> None:
    assert drive("foreo", name=name).send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_has_the_mode_too() -> None:
    toy = drive("foreo", "UFO3led")
    toy.send(vibrate(0, 10))
    assert hexes(toy.stop()) == ["01 01 00"]
