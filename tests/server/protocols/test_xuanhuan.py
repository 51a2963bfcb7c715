"""Xuanhuan."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(("value", "data"), [(1, "03 02 00 01"), (5, "03 02 00 05"), (10, "03 02 00 0A")])
def test_a_speed_is_repeated(value: int, data: str) -> None:
    device = drive("xuanhuan")
    assert device.protocol.repeat_after is None
    assert device.send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=True)]
    assert device.protocol.repeat_after == 0.3
    assert hexes(device.repeat()) == [data]
    assert device.protocol.repeat_after == 0.3


def test_speed_0_is_sent_once() -> None:
    device = drive("xuanhuan")
    device.send(vibrate(0, 5))
    assert hexes(device.send(vibrate(0, 0))) == ["03 02 00 00"]
    assert device.protocol.repeat_after is None


def test_a_stop_ends_the_repeats() -> None:
    device = drive("xuanhuan")
    device.send(vibrate(0, 5))
    assert hexes(device.stop()) == ["03 02 00 00"]
    assert device.protocol.repeat_after is None
