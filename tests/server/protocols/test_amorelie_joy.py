"""Amorelie Joy."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(("value", "data"), [(50, "01 01 32"), (100, "01 01 64"), (1, "01 01 01"), (0, "01 01 00")])
def test_a_speed_is_a_steady_pattern(value: int, data: str) -> None:
    assert drive("amorelie-joy", "4D02").send(vibrate(0, value)) == [
        Packet(bytes.fromhex(data), endpoint="tx", response=False)
    ]


async def test_it_is_told_to_begin_and_answers_nothing() -> None:
    device = silent_device()
    await drive("amorelie-joy").protocol.initialise(await link(device, "amorelie-joy"))
    assert list(device.packets) == [Packet(b"\x03", endpoint="tx", response=False)]


async def test_a_device_that_cannot_be_told_to_begin_is_not_used() -> None:
    device = silent_device()
    device.write_error = HardwareError("out of range")
    with pytest.raises(HardwareError, match="out of range"):
        await drive("amorelie-joy").protocol.initialise(await link(device, "amorelie-joy"))


def test_a_stop_is_a_zero() -> None:
    assert hexes(drive("amorelie-joy").stop()) == ["01 01 00"]
