"""Love Distance."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(
    ("level", "data"),
    [(0, "F3 00 00"), (1, "F3 00 01"), (64, "F3 00 40"), (121, "F3 00 79")],
)
def test_the_level_is_byte_2(level: int, data: str) -> None:
    assert drive("lovedistance", "REACH G").send(vibrate(0, level)) == [Packet(bytes.fromhex(data))]


def test_a_stop_sends_zero() -> None:
    assert hexes(drive("lovedistance").stop()) == ["F3 00 00"]


async def test_at_connection_it_is_stopped_before_it_is_made_steady() -> None:
    device = silent_device()
    await drive("lovedistance").protocol.initialise(await link(device, "lovedistance"))
    assert list(device.commands) == [Packet(bytes.fromhex("F3 00 00")), Packet(bytes.fromhex("F4 01"))]


async def test_a_device_that_takes_no_packet_cannot_be_used() -> None:
    device = silent_device()
    hardware = await link(device, "lovedistance")
    device.write_error = HardwareError("refused")
    with pytest.raises(HardwareError, match="refused"):
        await drive("lovedistance").protocol.initialise(hardware)
