"""Meese."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(
    ("feature", "value", "data"),
    [
        (0, 5, "01 80 01 05"),
        (0, 10, "01 80 01 0A"),
        (0, 1, "01 80 01 01"),
        (0, 0, "01 80 01 00"),
        (1, 3, "01 80 02 03"),
        (1, 0, "01 80 02 00"),
    ],
)
def test_each_motor_has_its_packet(feature: int, value: int, data: str) -> None:
    sent = drive("meese", "Meese-V389").send(vibrate(feature, value))
    assert sent == [Packet(bytes.fromhex(data), endpoint="tx", response=True)]


@pytest.mark.parametrize(("model", "packets"), [("Meese-V389", ["01 80 01 00", "01 80 02 00"]), ("Meese-cd", ["01 80 01 00"])])
def test_a_stop_sends_the_zero_of_every_motor(model: str, packets: list[str]) -> None:
    assert hexes(drive("meese", model).stop()) == packets
