"""ManNuo."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


@pytest.mark.parametrize(("value", "end"), [(0, "00 FA 02"), (1, "01 FA 03"), (2, "02 FA 00"), (3, "03 FA 01")])
def test_the_level_has_a_checksum_behind_it(value: int, end: str) -> None:
    packet = Packet(bytes.fromhex(f"AA 55 06 01 01 01 {end}"), response=True)
    assert drive("mannuo").send(vibrate(0, value)) == [packet]


def test_a_stop_is_level_0() -> None:
    device = drive("mannuo")
    device.send(vibrate(0, 3))
    assert hexes(device.stop()) == ["AA 55 06 01 01 01 00 FA 02"]
