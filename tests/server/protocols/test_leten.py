"""Leten."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(("value", "data"), [(0, "02 00"), (1, "02 01"), (10, "02 0A"), (25, "02 19")])
def test_a_speed_is_sent_and_repeated_every_second(value: int, data: str) -> None:
    toy = drive("leten")
    expected = [Packet(bytes.fromhex(data), response=True)]
    assert toy.send(vibrate(0, value)) == expected
    assert toy.protocol.repeat_after == 1
    assert toy.repeat() == expected


def test_a_stop_is_speed_0() -> None:
    assert hexes(drive("leten").stop()) == ["02 00"]


async def test_it_is_started_at_connection() -> None:
    device = silent_device()
    await drive("leten").protocol.initialise(await link(device, "leten"))
    assert list(device.packets) == [Packet(b"\x04\x01", response=True)]
