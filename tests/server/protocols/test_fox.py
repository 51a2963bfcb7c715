"""Fox."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [(0, "03 01 01 FE 00"), (1, "03 01 01 FE 01"), (3, "03 01 01 FE 03")],
)
def test_the_level_is_the_last_byte(level: int, data: str) -> None:
    assert drive("fox").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("fox").stop()) == ["03 01 01 FE 00"]
