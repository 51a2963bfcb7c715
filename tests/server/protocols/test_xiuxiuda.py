"""Xiuxiuda."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [
        (0, "00 00 00 00 65 3A 30 00 64"),
        (1, "00 00 00 00 65 3A 30 01 64"),
        (10, "00 00 00 00 65 3A 30 0A 64"),
        (19, "00 00 00 00 65 3A 30 13 64"),
    ],
)
def test_the_level_is_byte_7(level: int, data: str) -> None:
    assert drive("xiuxiuda").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("xiuxiuda").stop()) == ["00 00 00 00 65 3A 30 00 64"]
