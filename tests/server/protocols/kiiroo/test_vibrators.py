"""Kiiroo's vibrators: one packet with all speeds."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import Driven, drive, hexes, link, silent_device, vibrate

SPOT, SPOT_2, PROWAND, POWERSHOT, SECOND = (
    "kiiroo-spot",
    "kiiroo-spot-v2",
    "kiiroo-prowand",
    "kiiroo-powershot",
    "kiiroo-v2-vibrator",
)


@pytest.mark.parametrize(
    ("protocol", "value", "data", "response"),
    [
        (SPOT, 0, "00 FF 00 00 00 00", False),
        (SPOT, 1, "00 FF 00 00 00 01", False),
        (SPOT, 50, "00 FF 00 00 00 32", False),
        (SPOT, 100, "00 FF 00 00 00 64", False),
        (SPOT_2, 0, "01 00 00 03 E8 FF", True),
        (SPOT_2, 1, "01 01 01 03 E8 FF", True),
        (SPOT_2, 50, "01 32 32 03 E8 FF", True),
        (SPOT_2, 100, "01 64 64 03 E8 FF", True),
        (PROWAND, 0, "00 00 64 00 00 00", False),
        (PROWAND, 1, "00 00 64 FF 01 01", False),
        (PROWAND, 128, "00 00 64 FF 80 80", False),
        (PROWAND, 255, "00 00 64 FF FF FF", False),
    ],
)
def test_one_motor(protocol: str, value: int, data: str, response: bool) -> None:
    toy = drive(protocol)
    assert toy.send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=response)]
    assert toy.stop() == drive(protocol).send(vibrate(0, 0))


def sent(toy: Driven, *values: tuple[int, int]) -> list[str]:
    """Return what each of these changes, of a feature to a value, sends."""
    return [data for feature, value in values for data in hexes(toy.send(vibrate(feature, value)))]


def test_two_motors_of_the_powershot_share_a_packet() -> None:
    toy = drive(POWERSHOT)
    assert sent(toy, (0, 50), (1, 100), (0, 0), (1, 0)) == [
        "01 00 00 32 00 00",
        "01 00 00 32 64 00",
        "01 00 00 00 64 00",
        "01 00 00 00 00 00",
    ]
    assert toy.send(vibrate(0, 1), vibrate(1, 2)) == [Packet(bytes.fromhex("01 00 00 01 02 00"), response=True)]
    assert toy.stop() == [Packet(bytes.fromhex("01 00 00 00 00 00"), response=True)]


def test_three_motors_of_the_second_generation_share_a_packet() -> None:
    toy = drive(SECOND)
    assert sent(toy, (0, 64), (2, 100), (1, 10), (0, 0)) == ["40 00 00", "40 00 64", "40 0A 64", "00 0A 64"]
    assert toy.stop() == [Packet(bytes(3))]


@pytest.mark.parametrize(
    ("model", "changes", "packets"),
    [
        ("Pearl2", [(0, 50), (0, 0)], ["32 00 00", "00 00 00"]),
        ("Fuse", [(0, 100), (1, 1)], ["64 00 00", "64 01 00"]),
        ("Virtual Rabbit", [(1, 100)], ["00 64 00"]),
        ("Titan", [(2, 1)], ["00 00 01"]),
    ],
)
def test_motors_that_a_model_does_not_have_are_at_0(model: str, changes: list[tuple[int, int]], packets: list[str]) -> None:
    assert sent(drive(SECOND, model), *changes) == packets


@pytest.mark.parametrize("protocol", [SPOT, SPOT_2, PROWAND, POWERSHOT])
@pytest.mark.parametrize(("reply", "level"), [("00", 0), ("4B", 75), ("64", 100)])
async def test_the_battery_level_is_one_byte(protocol: str, reply: str, level: int) -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [bytes.fromhex(reply)]
    toy = drive(protocol)
    assert await toy.protocol.read(await link(device, protocol), 1, InputType.BATTERY) == level


@pytest.mark.parametrize("protocol", [SPOT, SPOT_2, PROWAND, POWERSHOT])
async def test_an_empty_battery_level_is_an_error(protocol: str) -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [b""]
    hardware = await link(device, protocol)
    with pytest.raises(ButtplugDeviceError, match="sent an empty battery level"):
        await drive(protocol).protocol.read(hardware, 1, InputType.BATTERY)
