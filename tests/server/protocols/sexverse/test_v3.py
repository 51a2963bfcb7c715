"""Sexverse v3."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, oscillate, vibrate

ZEUS = "TA-S001A"


@pytest.mark.parametrize(("level", "data"), [(0, "A1 04 00 01"), (1, "A1 04 01 01"), (10, "A1 04 0A 01"), (20, "A1 04 14 01")])
def test_the_level_comes_before_the_motor(level: int, data: str) -> None:
    assert drive("sexverse-v3", "TAY001").send(vibrate(0, level)) == [Packet(bytes.fromhex(data), response=True)]


def test_the_thruster_is_motor_2() -> None:
    assert hexes(drive("sexverse-v3", ZEUS).send(oscillate(1, 15))) == ["A1 04 0F 02"]


def test_every_motor_is_told_its_level_again_after_silence_zeros_too() -> None:
    toy = drive("sexverse-v3", ZEUS)
    assert toy.protocol.repeat_after == 0.1
    toy.send(vibrate(0, 0), oscillate(1, 15))
    assert hexes(toy.repeat()) == ["A1 04 00 01", "A1 04 0F 02"]
    toy.stop()
    assert hexes(toy.repeat()) == ["A1 04 00 01", "A1 04 00 02"]


def test_commands_for_one_motor_leave_the_other_that_runs_no_silence() -> None:
    toy = drive("sexverse-v3", ZEUS)
    assert hexes(toy.send(vibrate(0, 5))) == ["A1 04 05 01"], "the other does not run"
    assert hexes(toy.send(oscillate(1, 15))) == ["A1 04 0F 02", "A1 04 05 01"]
    assert hexes(toy.send(vibrate(0, 0))) == ["A1 04 00 01", "A1 04 0F 02"]


def test_a_stop_says_nothing_to_motors_that_it_is_not_for() -> None:
    toy = drive("sexverse-v3", ZEUS)
    toy.send(vibrate(0, 5), oscillate(1, 15))
    assert hexes(toy.stop_only(vibrate(0, 0))) == ["A1 04 00 01"]
    assert hexes(toy.stop()) == ["A1 04 00 01", "A1 04 00 02"]
