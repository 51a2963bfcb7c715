"""Utimi."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, oscillate, vibrate


def test_every_packet_has_all_values() -> None:
    toy = drive("utimi")
    for output, data in [
        (vibrate(0, 64), "A0 03 40 00 00 00 00 AA"),
        (oscillate(1, 255), "A0 03 40 FF 00 00 00 AA"),
        (vibrate(0, 0), "A0 03 00 FF 00 00 00 AA"),
        (oscillate(1, 0), "A0 03 00 00 00 00 00 AA"),
        (vibrate(0, 1), "A0 03 01 00 00 00 00 AA"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]
    assert hexes(toy.stop()) == ["A0 03 00 00 00 00 00 AA"]


def test_there_are_places_for_five_motors() -> None:
    toy = drive("utimi", definition=custom_definition("utimi", *[{OutputType.VIBRATE: (0, 255)}] * 6))
    assert hexes(toy.send(vibrate(4, 5))) == ["A0 03 00 00 00 00 05 AA"]
    with pytest.raises(ButtplugDeviceError, match="no place for feature 5"):
        toy.send(vibrate(5, 6))
