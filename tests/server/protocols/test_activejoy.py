"""IntoYou's eggs by ActiveJoy."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, vibrate


@pytest.mark.parametrize(
    ("value", "data"),
    [(128, "B0 01 00 00 01 80"), (255, "B0 01 00 00 01 FF"), (1, "B0 01 00 00 01 01"), (0, "B0 01 00 00 00 00")],
)
def test_a_speed_is_marked_as_on_or_off(value: int, data: str) -> None:
    assert drive("activejoy").send(vibrate(0, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=False)]


def test_each_motor_has_its_packet() -> None:
    egg = drive("activejoy", definition=custom_definition("activejoy", *[{OutputType.VIBRATE: (0, 255)}] * 2))
    assert hexes(egg.send(vibrate(1, 16))) == ["B0 01 00 01 01 10"]
    assert hexes(egg.stop()) == ["B0 01 00 00 00 00", "B0 01 00 01 00 00"]
