"""Luvmazer."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import constrict, drive, hexes, move, oscillate, rotate, vibrate


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        (None, vibrate(0, 128), "A0 01 00 00 64 80"),
        (None, vibrate(0, 1), "A0 01 00 00 64 01"),
        (None, vibrate(0, 0), "A0 01 00 00 64 00"),
        (None, rotate(1, 200), "A0 0F 00 00 64 C8"),
        (None, rotate(1, 255), "A0 0F 00 00 64 FF"),
        (None, rotate(1, 0), "A0 0F 00 00 64 00"),
        ("TKLM-C003-BT", vibrate(1, 255), "A0 01 00 01 64 FF"),
        ("TKLM-W003-BT-RX", oscillate(1, 255), "A0 06 01 00 64 FF"),
        ("TKLM-C005-BT", oscillate(1, 0), "A0 06 01 00 64 00"),
        ("TKLM-C004-BT", constrict(2, 54), "A0 0D 00 00 14 36"),
        ("TKLM-C004-BT", constrict(2, 1), "A0 0D 00 00 14 01"),
        ("TKLM-C004-BT", constrict(2, 0), "A0 0D 00 00 00 00"),
        ("TKLM-N001-BT", constrict(2, 255), "A0 0D 00 00 14 FF"),
        ("TKLM-C001-BT", vibrate(2, 127), "A0 0C 00 00 64 7F"),
        ("TKLM-C001-BT", vibrate(2, 255), "A0 0C 00 00 64 FF"),
        ("TKLM-C001-BT", vibrate(2, 0), "A0 0C 00 00 64 00"),
        ("TKLM-CZ01", vibrate(1, 255), "A0 01 00 01 64 FF"),
        ("TKLM-CZ01", vibrate(0, 127), "A0 01 00 00 64 7F"),
    ],
)
def test_each_kind_of_motor_has_a_packet(model: str | None, output: Output, data: str) -> None:
    assert drive("luvmazer", model).send(output) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_every_zero() -> None:
    assert hexes(drive("luvmazer", "TKLM-C004-BT").stop()) == ["A0 01 00 00 64 00", "A0 06 01 00 64 00", "A0 0D 00 00 00 00"]
    assert hexes(drive("luvmazer", "TKLM-C001-BT").stop()) == ["A0 01 00 00 64 00", "A0 0C 00 00 64 00"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no HwPositionWithDuration output"):
        drive("luvmazer").send(move(0, 1, 1))
