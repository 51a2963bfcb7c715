"""Svakom Iker."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, rotate, vibrate


def test_the_pulsator_is_told_its_level_again_behind_the_vibrator() -> None:
    toy = drive("svakom-iker")
    assert toy.send(vibrate(0, 5)) == [Packet(bytes.fromhex("55 03 03 00 01 05"))]
    assert hexes(toy.send(vibrate(1, 3))) == ["55 03 03 00 01 05", "55 07 00 00 03 00"]
    assert hexes(toy.send(vibrate(0, 10))) == ["55 03 03 00 01 0A", "55 07 00 00 03 00"]
    assert hexes(toy.send(vibrate(0, 0))) == ["55 03 03 00 01 00", "55 07 00 00 03 00"]
    assert hexes(toy.send(vibrate(0, 1), vibrate(1, 1))) == ["55 03 03 00 01 01", "55 07 00 00 01 00"]


def test_the_pulsator_runs_without_the_vibrator() -> None:
    toy = drive("svakom-iker")
    assert hexes(toy.send(vibrate(1, 5))) == ["55 03 03 00 01 00", "55 07 00 00 05 00"]
    assert hexes(toy.send(vibrate(0, 4))) == ["55 03 03 00 01 04", "55 07 00 00 05 00"]


@pytest.mark.parametrize("first", [0, 1])
def test_each_motor_is_told_its_own_zero(first: int) -> None:
    toy = drive("svakom-iker")
    toy.send(vibrate(0, 10), vibrate(1, 5))
    assert hexes(toy.send(vibrate(first, 0)))[first] == ["55 03 03 00 01 00", "55 07 00 00 00 00"][first]
    assert hexes(toy.send(vibrate(1 - first, 0))) == ["55 03 03 00 01 00", "55 07 00 00 00 00"]


def test_a_stop_stops_both() -> None:
    toy = drive("svakom-iker")
    toy.send(vibrate(0, 10), vibrate(1, 5))
    assert hexes(toy.stop()) == ["55 03 03 00 01 00", "55 07 00 00 00 00"]


def test_a_stop_of_the_pulsator_leaves_the_vibrator_as_it_is() -> None:
    toy = drive("svakom-iker")
    toy.send(vibrate(0, 10), vibrate(1, 5))
    assert hexes(toy.stop_only(vibrate(1, 0))) == ["55 03 03 00 01 0A", "55 07 00 00 00 00"]


@pytest.mark.parametrize("output", [vibrate(2, 1), rotate(0, 1)])
def test_a_third_motor_and_a_rotator_are_refused(output: Output) -> None:
    with pytest.raises(ButtplugDeviceError, match="Svakom Iker has no"):
        drive("svakom-iker").send(output)
