"""Muse."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize("model", [None, "WB-ZDB-WST", "WB-TDD"])
@pytest.mark.parametrize(("value", "data"), [(1, "01 01"), (5, "05 01"), (9, "09 01")])
def test_a_speed_is_repeated_before_it_lapses(model: str | None, value: int, data: str) -> None:
    device = drive("muse", model)
    assert device.send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]
    assert device.protocol.repeat_after == 0.5
    assert hexes(device.repeat()) == [data]


def test_speed_0_is_sent_once() -> None:
    device = drive("muse")
    device.send(vibrate(0, 5))
    assert hexes(device.send(vibrate(0, 0))) == ["00 01"]
    assert device.protocol.repeat_after is None


def test_a_stop_ends_the_repeats() -> None:
    device = drive("muse")
    device.send(vibrate(0, 5))
    assert hexes(device.stop()) == ["00 01"]
    assert device.protocol.repeat_after is None
