"""Nobra."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import drive, link, silent_device, vibrate


async def test_it_is_switched_off_when_it_is_connected() -> None:
    device = silent_device()
    await drive("nobra").protocol.initialise(await link(device, "nobra"))
    assert list(device.commands) == [Packet(b"\x70")]


async def test_a_failed_write_ends_the_hand_shake() -> None:
    device = silent_device()
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await drive("nobra").protocol.initialise(await link(device, "nobra"))


@pytest.mark.parametrize(("value", "byte"), [(0, 0x70), (1, 0x61), (8, 0x68), (15, 0x6F)])
def test_the_speed_is_one_byte(value: int, byte: int) -> None:
    assert drive("nobra").send(vibrate(0, value)) == [Packet(bytes((byte,)))]


def test_no_byte_is_sent_that_is_a_command_of_the_box() -> None:
    device = drive("nobra")
    sent = {packet.data[0] for value in range(16) for packet in device.send(vibrate(0, value))}
    assert sent == {0x70, *range(0x61, 0x70)}


def test_a_stop_switches_it_off() -> None:
    device = drive("nobra")
    device.send(vibrate(0, 15))
    assert device.stop() == [Packet(b"\x70")]
