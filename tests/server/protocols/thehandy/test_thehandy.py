"""The Handy up to firmware 3."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, halted, hexes, move, vibrate


@pytest.mark.parametrize(
    ("place", "duration", "data"),
    [
        (50, 500, "0A 13 9A 19 10 08 02 1A 0C 10 F4 03 19 00 00 00 00 00 00 E0 3F"),
        (30, 1000, "0A 13 9A 19 10 08 02 1A 0C 10 E8 07 19 33 33 33 33 33 33 D3 3F"),
        (1, 1, "0A 12 9A 19 0F 08 02 1A 0B 10 01 19 7B 14 AE 47 E1 7A 84 3F"),
        (0, 500, "0A 0A 9A 19 07 08 02 1A 03 10 F4 03"),
        (100, 100, "0A 12 9A 19 0F 08 02 1A 0B 10 64 19 00 00 00 00 00 00 F0 3F"),
        (100, 100_000, "0A 14 9A 19 11 08 02 1A 0D 10 A0 8D 06 19 00 00 00 00 00 00 F0 3F"),
        (0, 0, "0A 07 9A 19 04 08 02 1A 00"),
    ],
)
def test_a_move_is_a_message_in_messages(place: int, duration: int, data: str) -> None:
    assert drive("thehandy").send(move(0, place, duration)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_is_a_short_move_to_where_it_is() -> None:
    device = drive("thehandy")
    device.send(move(0, 100, 100_000))
    assert hexes(device.stop(halted(0, 50))) == ["0A 13 9A 19 10 08 02 1A 0C 10 C8 01 19 00 00 00 00 00 00 E0 3F"]
    assert device.stop() == []


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive("thehandy").send(vibrate(0, 1))
