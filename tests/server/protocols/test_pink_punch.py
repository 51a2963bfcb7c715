"""Pink Punch."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [(0, "09 00"), (1, "09 01"), (37, "09 25"), (100, "09 64")],
)
def test_the_level_is_byte_1(level: int, data: str) -> None:
    assert drive("pink_punch").send(vibrate(0, level)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("pink_punch").stop()) == ["09 00"]
