"""Cupido."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (64, "B0 03 00 00 00 40 AA"),
        (255, "B0 03 00 00 00 FF AA"),
        (1, "B0 03 00 00 00 01 AA"),
        (0, "B0 03 00 00 00 00 AA"),
    ],
)
def test_a_speed_is_a_packet(value: int, data: str) -> None:
    assert drive("cupido").send(vibrate(0, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_a_stop_is_a_zero() -> None:
    assert hexes(drive("cupido").stop()) == ["B0 03 00 00 00 00 AA"]
