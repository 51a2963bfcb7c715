"""Kiiroo's Keons, generation 3."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import Driven, drive, halted, hexes, link, move, silent_device

KEON, KEON_2 = "KEON WIFI", "KEON2"


def keon(model: str) -> Driven:
    return drive("kiiroo-v3", model)


def test_moves_follow_one_another() -> None:
    toy = keon(KEON)
    assert toy.send(move(0, 99, 500)) == [Packet(bytes.fromhex("03 00 28 63"))]
    assert hexes(toy.send(move(0, 0, 500))) == ["03 00 28 00"]
    assert hexes(toy.send(move(0, 50, 1000))) == ["03 00 09 32"]
    assert hexes(toy.send(move(0, 50, 500))) == ["03 00 01 32"], "never speed 0, at which it may not move at all"
    assert hexes(toy.stop(halted(0, 20))) == ["03 00 01 14"]


def test_the_keon_2_has_a_place_more() -> None:
    toy = keon(KEON_2)
    assert hexes(toy.send(move(0, 100, 500))) == ["03 00 28 64"]
    assert hexes(toy.send(move(0, 50, 300))) == ["03 00 21 32"]


@pytest.mark.parametrize(
    ("status", "level"),
    [("00", 0), ("55", 85), ("64", 100), ("00 " * 5 + "5A" + " 00" * 14, 90)],
)
async def test_the_battery_level_is_one_byte_or_byte_5_of_20(status: str, level: int) -> None:
    device = silent_device()
    device.readable["whitelist"] = [bytes.fromhex(status)]
    assert await keon(KEON_2).protocol.read(await link(device, "kiiroo-v3"), 1, InputType.BATTERY) == level


@pytest.mark.parametrize("status", ["", "65", "55 00", "00 " * 19, "00 " * 21])
async def test_a_status_of_another_form_is_an_error(status: str) -> None:
    device = silent_device()
    device.readable["whitelist"] = [bytes.fromhex(status)]
    hardware = await link(device, "kiiroo-v3")
    with pytest.raises(ButtplugDeviceError, match="Kiiroo Keon 2 sent no battery level"):
        await keon(KEON_2).protocol.read(hardware, 1, InputType.BATTERY)


async def test_a_keon_without_the_endpoint_says_so() -> None:
    device = silent_device()
    device.endpoints = frozenset({"tx", "rx"})
    hardware = await link(device, "kiiroo-v3")
    with pytest.raises(ButtplugDeviceError, match="Kiiroo Keon does not tell its battery level"):
        await keon(KEON).protocol.read(hardware, 1, InputType.BATTERY)
