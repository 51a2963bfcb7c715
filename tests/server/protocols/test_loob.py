"""Joyroid Loob."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import drive, halted, hexes, link, move, silent_device, vibrate


async def test_it_goes_to_its_low_end_when_it_is_connected() -> None:
    device = silent_device()
    await drive("loob").protocol.initialise(await link(device, "loob"))
    assert list(device.commands) == [Packet(bytes.fromhex("00 01 01 F4"), response=True)]


async def test_a_failed_write_ends_the_hand_shake() -> None:
    device = silent_device()
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await drive("loob").protocol.initialise(await link(device, "loob"))


@pytest.mark.parametrize(
    ("place", "duration", "data"),
    [
        (1000, 1000, "03 E8 03 E8"),
        (0, 200, "00 01 00 C8"),
        (1, 200, "00 01 00 C8"),
        (500, 0, "01 F4 00 01"),
        (250, 65535, "00 FA FF FF"),
        (250, 65536, "00 FA FF FF"),
        (250, 100000, "00 FA FF FF"),
    ],
)
def test_place_and_time_have_a_lowest_and_a_highest_value(place: int, duration: int, data: str) -> None:
    assert drive("loob").send(move(0, place, duration)) == [Packet(bytes.fromhex(data))]


def test_a_stop_is_a_short_move_to_where_it_is() -> None:
    device = drive("loob")
    device.send(move(0, 1000, 5000))
    assert hexes(device.stop(halted(0, 400))) == ["01 90 00 C8"]
    assert device.stop() == []


def test_the_time_of_a_move_is_the_one_that_was_sent() -> None:
    assert [drive("loob").protocol.travel_time(move(0, 9, time)) for time in (0, 9, 100_000)] == [1, 9, 65535]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive("loob").send(vibrate(0, 1))
