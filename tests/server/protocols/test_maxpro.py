"""Max Pro."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [
        (0, "55 04 07 FF FF 3F 00 5F 00 FC"),
        (1, "55 04 07 FF FF 3F 01 5F 01 FE"),
        (50, "55 04 07 FF FF 3F 32 5F 32 60"),
        (100, "55 04 07 FF FF 3F 64 5F 64 C4"),
    ],
)
def test_the_level_comes_twice_and_the_sum_of_all_bytes_last(level: int, data: str) -> None:
    assert drive("maxpro").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("maxpro").stop()) == ["55 04 07 FF FF 3F 00 5F 00 FC"]
