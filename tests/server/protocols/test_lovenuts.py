"""Love Nut."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(("value", "steps"), [(0, "00"), (1, "11"), (8, "88"), (15, "FF")])
def test_a_speed_is_a_pattern_of_equal_steps(value: int, steps: str) -> None:
    data = bytes.fromhex(f"45 56 4F 4C {steps * 10} 00 FF")
    assert drive("lovenuts").send(vibrate(0, value)) == [Packet(data, endpoint="tx", response=False)]


def test_a_stop_keeps_the_interval() -> None:
    assert hexes(drive("lovenuts").stop()) == ["45 56 4F 4C 00 00 00 00 00 00 00 00 00 00 00 FF"]
