"""Kizuna."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, rotate


@pytest.mark.parametrize(("value", "data"), [(0, "30 0D 0A"), (1, "31 0D 0A"), (5, "35 0D 0A"), (9, "39 0D 0A")])
def test_the_speed_is_a_digit(value: int, data: str) -> None:
    assert drive("kizuna").send(rotate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_stop_is_speed_0() -> None:
    device = drive("kizuna")
    device.send(rotate(0, 9))
    assert device.stop() == [Packet(b"0\r\n")]


@pytest.mark.parametrize("value", [-9, -1, 10])
def test_what_is_no_digit_is_refused(value: int) -> None:
    device = drive("kizuna", definition=custom_definition("kizuna", {OutputType.ROTATE: (-9, 10)}))
    with pytest.raises(ButtplugDeviceError, match=f"speed {value} is no single digit"):
        device.send(rotate(0, value))
