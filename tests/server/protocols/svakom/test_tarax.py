"""Svakom Tarax."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, rotate, vibrate

VIBRATOR_OFF = ["55 03 00 00 01 01", "55 03 00 00 00 00"]


@pytest.mark.parametrize(
    ("output", "data"),
    [
        (vibrate(0, 1), "55 03 00 00 01 02"),
        (vibrate(0, 2), "55 03 00 00 02 02"),
        (vibrate(0, 3), "55 03 00 00 03 02"),
        (vibrate(1, 0), "55 09 00 00 00 00"),
        (vibrate(1, 1), "55 09 00 00 01 00"),
        (vibrate(1, 3), "55 09 00 00 03 00"),
    ],
)
def test_a_packet_per_motor(output: Output, data: str) -> None:
    assert drive("svakom-tarax").send(output) == [Packet(bytes.fromhex(data))]


def test_the_vibrator_is_told_zeros_too_since_what_it_is_told_for_off_may_not_stop_it() -> None:
    toy = drive("svakom-tarax")
    assert hexes(toy.send(vibrate(0, 0))) == VIBRATOR_OFF
    assert hexes(toy.stop()) == [*VIBRATOR_OFF, "55 09 00 00 00 00"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="ToyCod Tara X has no Rotate output"):
        drive("svakom-tarax").send(rotate(0, 1))
