"""Kiiroo, generation 1."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, halted, hexes, move, vibrate


@pytest.mark.parametrize(("value", "data"), [(0, "30 2C 0A"), (1, "31 2C 0A"), (2, "32 2C 0A"), (4, "34 2C 0A")])
def test_a_value_is_a_digit(value: int, data: str) -> None:
    assert drive("kiiroo-v1", "PEARL").send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]
    for duration in (0, 200, 100_000):
        assert drive("kiiroo-v1", "ONYX").send(move(0, value, duration)) == [Packet(bytes.fromhex(data))]


def test_a_stop() -> None:
    assert hexes(drive("kiiroo-v1", "PEARL").stop()) == ["30 2C 0A"]
    assert hexes(drive("kiiroo-v1", "ONYX").stop()) == [], "there is nothing to be halted"


def test_a_move_takes_no_time_that_could_be_known_so_a_stop_sends_nothing_back() -> None:
    toy = drive("kiiroo-v1", "ONYX")
    assert toy.protocol.travel_time(Output(0, OutputType.POSITION_WITH_DURATION, 4, 5000, start=0)) == 0
    toy.send(move(0, 4, 5000))
    assert hexes(toy.stop(halted(0, 4))) == ["34 2C 0A"]
