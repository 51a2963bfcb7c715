"""Rez Trance Vibrator."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "43 01 00 00 00 00 00 00"),
        (1, "43 01 01 00 00 00 00 00"),
        (128, "43 01 80 00 00 00 00 00"),
        (255, "43 01 FF 00 00 00 00 00"),
    ],
)
def test_a_speed_is_the_value_of_a_vendor_request(value: int, data: str) -> None:
    expected = Packet(bytes.fromhex(data), endpoint="txvendorcontrol")
    assert drive("rez-trancevibrator").send(vibrate(0, value)) == [expected]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("rez-trancevibrator").stop()) == ["43 01 00 00 00 00 00 00"]
