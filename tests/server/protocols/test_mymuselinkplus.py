"""MyMuse Link+."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [
        (0, "AA 55 06 AA 00 00 00 00"),
        (1, "AA 55 06 01 01 01 01 FF"),
        (2, "AA 55 06 01 01 01 02 FF"),
        (3, "AA 55 06 01 01 01 03 FF"),
    ],
)
def test_off_is_a_packet_of_its_own(level: int, data: str) -> None:
    assert drive("mymuselinkplus").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("mymuselinkplus").stop()) == ["AA 55 06 AA 00 00 00 00"]
