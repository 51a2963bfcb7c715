"""Waiting for what a device sends by itself."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.base import Hardware, Notification
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice


@pytest.fixture
async def hardware() -> Hardware:
    device = SimulatedDevice("Toy", BluetoothAdvertisement(name="Toy"), address="1", endpoints={"tx", "rx"})
    return await device.discovery().connect([BluetoothSpecifier(services={})])


def number(notification: Notification) -> int | None:
    return int(notification.data) if notification.data.isdigit() else None


async def test_the_first_notification_that_is_understood_is_found(hardware: Hardware) -> None:
    with hardware.listen() as listener:
        for data in (b"OK", b"7", b"8"):
            hardware.notified("rx", data)
        assert await listener.find(number, 1) == 7
        assert (await listener.next(1)).data == b"8"


async def test_a_value_that_is_false_is_found_too(hardware: Hardware) -> None:
    with hardware.listen() as listener:
        hardware.notified("rx", b"0")
        assert await listener.find(number, 1) == 0


async def test_the_time_is_for_all_notifications_together(hardware: Hardware) -> None:
    loop = asyncio.get_running_loop()
    with hardware.listen() as listener:
        for tenths in range(1, 20):
            loop.call_later(tenths / 10, hardware.notified, "rx", b"OK")
        with pytest.raises(HardwareTimeoutError, match="Toy did not answer within 1 s"):
            await listener.find(number, 1)
    assert loop.time() == pytest.approx(1)


async def test_a_lost_link_ends_the_search(hardware: Hardware) -> None:
    with hardware.listen() as listener:
        asyncio.get_running_loop().call_later(0.5, hardware.lost, "switched off")
        with pytest.raises(HardwareDisconnectedError, match="Toy was lost: switched off"):
            await listener.find(number, 1)


async def test_others_have_their_turn_between_notifications_that_are_not_understood(hardware: Hardware) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    with hardware.listen() as listener:
        for data in (b"OK",) * 100 + (b"7",):
            hardware.notified("rx", data)
        assert await listener.find(number, 1) == 7
    assert turns >= 100
    counting.cancel()
