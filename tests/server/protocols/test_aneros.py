"""Aneros Vivi."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("feature", "value", "data"),
    [(0, 64, "F1 40"), (0, 1, "F1 01"), (0, 0, "F1 00"), (1, 127, "F2 7F"), (1, 0, "F2 00")],
)
def test_one_packet_per_motor(feature: int, value: int, data: str) -> None:
    assert drive("aneros").send(vibrate(feature, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_both_motors_at_once_are_two_packets() -> None:
    assert hexes(drive("aneros").send(vibrate(0, 1), vibrate(1, 2))) == ["F1 01", "F2 02"]


def test_a_stop_sends_both_zeros() -> None:
    assert hexes(drive("aneros").stop()) == ["F1 00", "F2 00"]
