"""Hgod."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(("value", "data"), [(1, "01"), (5, "05"), (10, "0A")])
def test_a_speed_is_sent_and_repeated_ten_times_a_second(value: int, data: str) -> None:
    toy = drive("hgod")
    expected = [Packet(bytes.fromhex(f"55 04 00 00 00 {data}"))]
    assert toy.protocol.repeat_after is None
    assert toy.send(vibrate(0, value)) == expected
    assert toy.protocol.repeat_after == 0.1
    assert toy.repeat() == expected


def test_speed_0_is_sent_once() -> None:
    toy = drive("hgod")
    toy.send(vibrate(0, 10))
    assert hexes(toy.send(vibrate(0, 0))) == ["55 04 00 00 00 00"]
    assert toy.protocol.repeat_after is None


def test_a_stop_ends_the_repeats_once_it_was_written() -> None:
    toy = drive("hgod")
    toy.send(vibrate(0, 10))
    assert hexes(toy.stop()) == ["55 04 00 00 00 00"]
    assert toy.protocol.repeat_after is None
