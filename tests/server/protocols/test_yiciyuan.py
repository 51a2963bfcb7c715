"""Yiciyuan."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import InputType
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareTimeoutError
from buttplug.hardware.simulated import Subscribe
from tests.server.protocols.helpers import drive, hexes, link, oscillate, silent_device, vibrate


@pytest.mark.parametrize("model", [None, "YCY-FJB-01", "YCY-FJB-02"])
def test_every_packet_has_all_three_levels(model: str | None) -> None:
    toy = drive("yiciyuan", model)
    for output, levels in [
        (oscillate(0, 50), "0A 00 00"),
        (vibrate(1, 100), "0A 14 00"),
        (vibrate(2, 3), "0A 14 01"),
        (oscillate(0, 0), "00 14 01"),
        (oscillate(0, 100), "14 14 01"),
        (vibrate(1, 0), "14 00 01"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(f"35 12 {levels}") + bytes(11))]
    assert hexes(toy.stop()) == ["35 12" + " 00" * 14]


@pytest.mark.parametrize(("value", "level"), [(0, 0), (1, 1), (2, 1), (7, 1), (8, 2), (97, 19), (98, 20), (99, 20)])
def test_levels_are_rounded_and_only_0_is_off(value: int, level: int) -> None:
    assert drive("yiciyuan").send(vibrate(1, value))[0].data[3] == level


# Battery


@pytest.mark.parametrize(
    ("notifications", "level"),
    [
        (["35 14 01", "35 13 01 4B 00"], 75),
        (["35 13 01 00"], 0),
        (["", "35", "35 13", "35 13 01", "35 13 01 65 00", "35 13 01 64 00"], 100),
        (["35 10 00 13 35 13 01 05", "35 13 01 0A 01"], 10),
    ],
)
async def test_the_battery_level_is_byte_3_of_what_it_tells_of_it(notifications: list[str], level: int) -> None:
    device = silent_device()
    hardware = await link(device, "yiciyuan")
    reading = asyncio.create_task(drive("yiciyuan").protocol.read(hardware, 3, InputType.BATTERY))
    await asyncio.sleep(1)
    for notification in notifications:
        device.notify("rxblebattery", bytes.fromhex(notification))
    assert await reading == level
    assert list(device.commands) == [Subscribe("rxblebattery")]


async def test_a_device_that_does_not_tell_its_battery_level_is_not_waited_for_for_ever() -> None:
    hardware = await link(silent_device(), "yiciyuan")
    with pytest.raises(HardwareTimeoutError, match="did not answer within 3 s"):
        await drive("yiciyuan").protocol.read(hardware, 3, InputType.BATTERY)


async def test_a_link_that_is_lost_ends_the_reading() -> None:
    device = silent_device()
    hardware = await link(device, "yiciyuan")
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await drive("yiciyuan").protocol.read(hardware, 3, InputType.BATTERY)


async def test_the_signal_strength_is_the_bus_s() -> None:
    device = silent_device()
    device.rssi = -60
    assert await drive("yiciyuan").protocol.read(await link(device, "yiciyuan"), 3, InputType.RSSI) == -60
