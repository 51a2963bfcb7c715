"""WeToy."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(("level", "data"), [(0, "80 03"), (1, "B2 00"), (2, "B2 01"), (3, "B2 02")])
def test_speeds_count_from_0_and_off_is_a_packet_of_its_own(level: int, data: str) -> None:
    assert drive("wetoy").send(vibrate(0, level)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop_switches_it_off() -> None:
    assert hexes(drive("wetoy").stop()) == ["80 03"]


async def test_it_is_switched_off_at_connection() -> None:
    device = silent_device()
    await drive("wetoy").protocol.initialise(await link(device, "wetoy"))
    assert list(device.commands) == [Packet(bytes.fromhex("80 03"), response=True)]


async def test_a_device_that_cannot_be_switched_off_cannot_be_used() -> None:
    device = silent_device()
    hardware = await link(device, "wetoy")
    device.write_error = HardwareError("refused")
    with pytest.raises(HardwareError, match="refused"):
        await drive("wetoy").protocol.initialise(hardware)
