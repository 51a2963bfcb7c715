"""Xibao."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, oscillate


@pytest.mark.parametrize(
    ("speed", "data"),
    [
        (0, "66 3A 00 06 00 06 01 02 00 02 04 00 B5"),
        (1, "66 3A 00 06 00 06 01 02 00 02 04 01 B6"),
        (50, "66 3A 00 06 00 06 01 02 00 02 04 32 E7"),
        (75, "66 3A 00 06 00 06 01 02 00 02 04 4B 00"),
        (99, "66 3A 00 06 00 06 01 02 00 02 04 63 18"),
    ],
)
def test_the_speed_is_byte_11_and_the_sum_of_all_bytes_comes_last(speed: int, data: str) -> None:
    assert drive("xibao").send(oscillate(0, speed)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("xibao").stop()) == ["66 3A 00 06 00 06 01 02 00 02 04 00 B5"]
