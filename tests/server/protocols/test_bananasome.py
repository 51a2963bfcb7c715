"""Bananasome Rocket X7."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, oscillate, vibrate


def test_every_packet_has_all_values() -> None:
    rocket = drive("bananasome")
    assert rocket.send(oscillate(0, 64)) == [Packet(b"\xa0\x03\x40\x00\x00", endpoint="tx", response=False)]
    assert hexes(rocket.send(vibrate(1, 128))) == ["A0 03 40 80 00"]
    assert hexes(rocket.send(vibrate(2, 255))) == ["A0 03 40 80 FF"]
    assert hexes(rocket.send(oscillate(0, 0))) == ["A0 03 00 80 FF"]
    assert hexes(rocket.send(vibrate(1, 0))) == ["A0 03 00 00 FF"]
    assert hexes(rocket.send(vibrate(2, 1))) == ["A0 03 00 00 01"]
    assert hexes(rocket.send(oscillate(0, 255), vibrate(1, 2))) == ["A0 03 FF 02 01"]
    assert hexes(rocket.stop()) == ["A0 03 00 00 00"]


def test_a_part_without_a_place_is_refused_and_the_others_can_be_stopped() -> None:
    four = drive("bananasome", definition=custom_definition("bananasome", *[{OutputType.VIBRATE: (0, 255)}] * 4))
    assert hexes(four.send(vibrate(2, 7))) == ["A0 03 00 00 07"]
    with pytest.raises(ButtplugDeviceError, match="no place for feature 3"):
        four.send(vibrate(3, 1))
    assert hexes(four.stop()) == ["A0 03 00 00 00"]
