"""Lioness."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import Subscribe
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "02 AA BB CC CC 00"),
        (1, "02 AA BB CC CC 01"),
        (64, "02 AA BB CC CC 40"),
        (100, "02 AA BB CC CC 64"),
    ],
)
def test_vibration(value: int, data: str) -> None:
    assert drive("lioness").send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_stop() -> None:
    assert hexes(drive("lioness").stop()) == ["02 AA BB CC CC 00"]


async def test_it_is_started_at_connection() -> None:
    device = silent_device()
    await drive("lioness").protocol.initialise(await link(device, "lioness"))
    assert list(device.commands) == [Subscribe("rx"), Packet(bytes.fromhex("01 AA AA BB CC 10"), response=True)]


async def test_who_cannot_start_it_is_told_to_pair_it() -> None:
    device = silent_device()
    hardware = await link(device, "lioness")
    device.write_error = HardwareError("not authorised")
    with pytest.raises(HardwareError, match=r"not authorised; if it is not paired .* with PIN 6496 or 006496"):
        await drive("lioness").protocol.initialise(hardware)


async def test_one_that_cannot_be_listened_to_cannot_be_used() -> None:
    device = silent_device()
    device.endpoints = frozenset({"tx"})
    hardware = await link(device, "lioness")
    with pytest.raises(HardwareError, match="no endpoint rx"):
        await drive("lioness").protocol.initialise(hardware)
    assert not device.packets
