"""Realov."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [(0, "C5 55 00 AA"), (1, "C5 55 01 AA"), (25, "C5 55 19 AA"), (50, "C5 55 32 AA")],
)
def test_the_level_is_byte_2(level: int, data: str) -> None:
    assert drive("realov").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("realov").stop()) == ["C5 55 00 AA"]
