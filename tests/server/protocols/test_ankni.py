"""Roselex."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.ankni import token
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate

HELLO = "01 " * 20
TOKEN = "01 02 " + "{0} " * 16 + "00 00"


@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_a_speed_is_byte_2_of_20(value: int) -> None:
    data = bytes((0x03, 0x12, value)) + bytes(17)
    assert drive("ankni").send(vibrate(0, value)) == [Packet(data, response=True)]


def test_a_stop_is_speed_0() -> None:
    assert hexes(drive("ankni").stop()) == ["03 12" + " 00" * 18]


@pytest.mark.parametrize(
    ("address", "packets"),
    [
        ("A0 B1 C2 D3 E4 F5", [HELLO, TOKEN.format("DC")]),
        ("66 55 44 33 22 11", [HELLO, TOKEN.format("06")]),
        ("", [HELLO, TOKEN.format("10")]),
        ("01 D3 18 19 60 00 00", []),
        ("00 " * 16, []),
    ],
)
async def test_the_hand_shake_is_made_with_an_address_and_left_out_without(address: str, packets: list[str]) -> None:
    device = silent_device()
    device.readable["generic0"] = [bytes.fromhex(address)]
    await drive("ankni").protocol.initialise(await link(device, "ankni"))
    assert list(device.packets) == [Packet(bytes.fromhex(data), response=True) for data in packets]


async def test_a_device_that_has_no_address_needs_no_hand_shake() -> None:
    device = silent_device()
    device.endpoints = frozenset({"tx"})
    await drive("ankni").protocol.initialise(await link(device, "ankni"))
    assert not device.packets


async def test_an_address_that_cannot_be_read_ends_the_connection() -> None:
    hardware = await link(silent_device(), "ankni")
    with pytest.raises(HardwareError, match="nothing to read on generic0"):
        await drive("ankni").protocol.initialise(hardware)


def test_the_token_is_the_high_byte_of_a_crc_with_initial_value_0() -> None:
    assert token(bytes.fromhex("A0 B1 C2 D3 E4 F5")) == 0xDC
    assert token(bytes.fromhex("66 55 44 33 22 11")) == 0x06
