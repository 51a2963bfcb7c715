"""Cachito."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("feature", "value", "data"),
    [
        (0, 3, "02 01 03 00"),
        (0, 5, "02 01 05 00"),
        (0, 1, "02 01 01 00"),
        (0, 0, "02 01 00 00"),
        (1, 100, "03 02 64 00"),
        (1, 1, "03 02 01 00"),
        (1, 0, "03 02 00 00"),
    ],
)
@pytest.mark.parametrize("model", [None, "CCTSK", "CCTXueGao"])
def test_each_motor_has_its_packet(model: str | None, feature: int, value: int, data: str) -> None:
    sent = drive("cachito", model).send(vibrate(feature, value))
    assert sent == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_a_stop_sends_both_zeros() -> None:
    assert hexes(drive("cachito").stop()) == ["02 01 00 00", "03 02 00 00"]
