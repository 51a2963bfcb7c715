"""Fleshy Thrust Sync."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, halted, hexes, move, vibrate


@pytest.mark.parametrize(
    ("place", "duration", "data"),
    [
        (180, 500, "B4 01 F4"),
        (0, 1000, "00 03 E8"),
        (1, 1, "01 00 01"),
        (90, 65535, "5A FF FF"),
        (90, 0, "5A 00 00"),
        (180, 70000, "B4 FF FF"),
    ],
)
def test_a_move_has_a_place_and_a_time(place: int, duration: int, data: str) -> None:
    assert drive("fleshy-thrust").send(move(0, place, duration)) == [Packet(bytes.fromhex(data))]


def test_a_stop_is_a_short_move_to_where_it_is() -> None:
    device = drive("fleshy-thrust")
    device.send(move(0, 180, 5000))
    assert hexes(device.stop(halted(0, 45))) == ["2D 00 C8"]
    assert device.stop() == []


def test_the_time_of_a_move_is_the_one_that_was_sent() -> None:
    assert drive("fleshy-thrust").protocol.travel_time(move(0, 9, 100_000)) == 65535


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive("fleshy-thrust").send(vibrate(0, 1))
