"""Adrien Lastic."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, texts, vibrate


@pytest.mark.parametrize("model", [None, "LVS-S001", "LVS-S002"])
@pytest.mark.parametrize(
    ("value", "data"), [(0, b"MotorValue:00;"), (1, b"MotorValue:01;"), (5, b"MotorValue:05;"), (16, b"MotorValue:16;")]
)
def test_the_speed_has_two_digits(model: str | None, value: int, data: bytes) -> None:
    assert drive("adrienlastic", model).send(vibrate(0, value)) == [Packet(data, response=True)]


def test_a_stop_is_speed_0() -> None:
    toy = drive("adrienlastic")
    toy.send(vibrate(0, 16))
    assert texts(toy.stop()) == ["MotorValue:00;"]
