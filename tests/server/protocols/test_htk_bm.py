"""HTK's breast massager."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, vibrate


def test_one_byte_says_which_motors_run() -> None:
    massager = drive("htk_bm")
    assert massager.send(vibrate(0, 1)) == [Packet(b"\x0c", endpoint="tx", response=False)]
    assert hexes(massager.send(vibrate(1, 1))) == ["0B"]
    assert hexes(massager.send(vibrate(0, 0))) == ["0D"]
    assert hexes(massager.send(vibrate(1, 0))) == ["0F"]
    assert hexes(massager.send(vibrate(0, 1), vibrate(1, 1))) == ["0B"]
    assert hexes(massager.stop()) == ["0F"]


def test_a_stop_of_one_motor_leaves_the_other() -> None:
    massager = drive("htk_bm")
    massager.send(vibrate(0, 1), vibrate(1, 1))
    assert hexes(massager.stop_only(vibrate(1, 0))) == ["0C"]


def test_a_third_motor_is_refused() -> None:
    three = drive("htk_bm", definition=custom_definition("htk_bm", *[{OutputType.VIBRATE: (0, 1)}] * 3))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 2"):
        three.send(vibrate(2, 1))
