"""Picobong."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(("value", "data"), [(0, "01 FF 00"), (1, "01 01 01"), (5, "01 01 05"), (10, "01 01 0A")])
def test_vibration(value: int, data: str) -> None:
    assert drive("picobong").send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_stop_is_a_mode_of_its_own() -> None:
    assert hexes(drive("picobong").stop()) == ["01 FF 00"]
