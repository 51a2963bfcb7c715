"""Synchro."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, rotate


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (3, "A1 01 03 77 55"),
        (-3, "A1 01 83 77 55"),
        (6, "A1 01 06 77 55"),
        (-6, "A1 01 86 77 55"),
        (1, "A1 01 01 77 55"),
        (-1, "A1 01 81 77 55"),
        (0, "A1 01 00 77 55"),
    ],
)
@pytest.mark.parametrize("model", [None, "synchro EX"])
def test_a_speed_has_a_direction(model: str | None, value: int, data: str) -> None:
    assert drive("synchro", model).send(rotate(0, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_a_stop_is_a_zero() -> None:
    assert hexes(drive("synchro").stop()) == ["A1 01 00 77 55"]
