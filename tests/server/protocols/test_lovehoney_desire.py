"""Lovehoney Desire."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


def test_motors_with_the_same_speed_are_told_together_and_others_one_by_one() -> None:
    toy = drive("lovehoney-desire", "PROSTATE VIBE")
    assert toy.send(vibrate(0, 64)) == [Packet(bytes.fromhex(data), response=True) for data in ("F3 01 40", "F3 02 00")]
    assert toy.send(vibrate(1, 64)) == [Packet(bytes.fromhex("F3 00 40"), response=True)]
    assert hexes(toy.send(vibrate(1, 127))) == ["F3 01 40", "F3 02 7F"]
    assert hexes(toy.send(vibrate(0, 0))) == ["F3 01 00", "F3 02 7F"]
    assert hexes(toy.send(vibrate(1, 0))) == ["F3 00 00"]


def test_both_changed_at_once() -> None:
    toy = drive("lovehoney-desire")
    assert hexes(toy.send(vibrate(0, 1), vibrate(1, 2))) == ["F3 01 01", "F3 02 02"]
    assert hexes(toy.send(vibrate(0, 5), vibrate(1, 5))) == ["F3 00 05"]
    assert hexes(toy.stop_only(vibrate(0, 0))) == ["F3 01 00", "F3 02 05"]
    assert hexes(toy.stop()) == ["F3 00 00"]


@pytest.mark.parametrize("model", ["KNICKER VIBE", "LOVE EGG"])
@pytest.mark.parametrize(("value", "data"), [(0, "F3 00 00"), (1, "F3 00 01"), (127, "F3 00 7F")])
def test_one_motor_is_all_motors(model: str, value: int, data: str) -> None:
    assert hexes(drive("lovehoney-desire", model).send(vibrate(0, value))) == [data]
