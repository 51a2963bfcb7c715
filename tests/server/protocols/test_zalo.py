"""Zalo."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, vibrate


@pytest.mark.parametrize("model", ["ZALO-Queen", "ZALO-King"])
def test_every_packet_has_both_motors(model: str) -> None:
    toy = drive("zalo", model)
    assert hexes(toy.send(vibrate(0, 8))) == ["01 08 00"]
    assert hexes(toy.send(vibrate(1, 4))) == ["01 08 04"]
    assert hexes(toy.send(vibrate(1, 1), vibrate(0, 1))) == ["01 01 01"]


def test_a_motor_that_is_stopped_stands_still_while_the_other_runs() -> None:
    queen = drive("zalo", "ZALO-Queen")
    queen.send(vibrate(0, 8), vibrate(1, 4))
    assert hexes(queen.send(vibrate(0, 0))) == ["02 01 01", "01 00 04"]
    assert hexes(queen.send(vibrate(1, 5))) == ["01 00 05"]
    assert hexes(queen.send(vibrate(1, 0))) == ["02 01 01"]
    queen.send(vibrate(0, 8), vibrate(1, 4))
    assert hexes(queen.stop_only(vibrate(1, 0))) == ["02 01 01", "01 08 00"]


@pytest.mark.parametrize(("value", "data"), [(5, "01 05 01"), (8, "01 08 01"), (1, "01 01 01"), (0, "02 01 01")])
@pytest.mark.parametrize("model", [None, "ZALO-Jeanne"])
def test_a_toy_with_one_motor_is_told_the_lowest_speed_of_the_other(model: str | None, value: int, data: str) -> None:
    assert drive("zalo", model).send(vibrate(0, value)) == [Packet(bytes.fromhex(data), endpoint="tx", response=True)]


@pytest.mark.parametrize("model", ["ZALO-Queen", "ZALO-Jeanne"])
def test_a_stop_is_one_packet(model: str) -> None:
    toy = drive("zalo", model)
    toy.send(vibrate(0, 8))
    assert hexes(toy.stop()) == ["02 01 01"]


def test_a_third_motor_is_refused() -> None:
    three = drive("zalo", definition=custom_definition("zalo", *[{OutputType.VIBRATE: (0, 8)}] * 3))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 2"):
        three.send(vibrate(2, 1))
