"""DeepSire."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (128, "55 04 01 00 00 80 AA"),
        (255, "55 04 01 00 00 FF AA"),
        (1, "55 04 01 00 00 01 AA"),
        (0, "55 04 01 00 00 00 AA"),
    ],
)
def test_a_speed_is_a_packet(value: int, data: str) -> None:
    assert drive("deepsire", "IMP 3").send(vibrate(0, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_a_stop_is_a_zero() -> None:
    assert hexes(drive("deepsire").stop()) == ["55 04 01 00 00 00 AA"]
