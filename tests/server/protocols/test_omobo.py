"""Omobo."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [(0, "A1 04 04 01 00 FF 55"), (1, "A1 04 04 01 01 FF 55"), (50, "A1 04 04 01 32 FF 55"), (100, "A1 04 04 01 64 FF 55")],
)
def test_the_level_is_byte_4(level: int, data: str) -> None:
    assert drive("omobo").send(vibrate(0, level)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("omobo").stop()) == ["A1 04 04 01 00 FF 55"]
