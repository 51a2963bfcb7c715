"""Nexus Revo Stealth."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, oscillate, rotate, vibrate


@pytest.mark.parametrize(
    ("output", "data"),
    [
        (vibrate(0, 0), "AA 01 01 00 01 00"),
        (vibrate(0, 1), "AA 01 01 00 01 01"),
        (vibrate(0, 5), "AA 01 01 00 01 05"),
        (vibrate(0, 10), "AA 01 01 00 01 0A"),
        (rotate(1, -2), "AA 01 02 00 02 00"),
        (rotate(1, -1), "AA 01 02 00 01 00"),
        (rotate(1, 0), "AA 01 02 00 00 00"),
        (rotate(1, 1), "AA 01 02 00 03 00"),
        (rotate(1, 2), "AA 01 02 00 04 00"),
    ],
)
def test_each_output_has_its_packet(output: Output, data: str) -> None:
    assert drive("nexus-revo").send(output) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_ends_both() -> None:
    assert hexes(drive("nexus-revo").stop()) == ["AA 01 01 00 01 00", "AA 01 02 00 00 00"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="Nexus Revo Stealth has no Oscillate output"):
        drive("nexus-revo").send(oscillate(0, 1))
