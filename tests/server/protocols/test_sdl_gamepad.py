"""Game pads."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, vibrate

ALL_FOUR = "__sdl-rumble-and-triggers"
TRIGGERS = "__sdl-triggers-only"


@pytest.mark.parametrize(
    ("model", "feature", "value", "data"),
    [
        (None, 0, 1000, "E8 03 00 00 00 00 00 00"),
        (None, 1, 65535, "00 00 FF FF 00 00 00 00"),
        (None, 0, 1, "01 00 00 00 00 00 00 00"),
        (None, 0, 0, "00 00 00 00 00 00 00 00"),
        (TRIGGERS, 0, 300, "00 00 00 00 2C 01 00 00"),
        (TRIGGERS, 1, 65535, "00 00 00 00 00 00 FF FF"),
    ],
)
def test_each_feature_has_its_motor(model: str | None, feature: int, value: int, data: str) -> None:
    assert drive("sdl-gamepad", model).send(vibrate(feature, value)) == [Packet(bytes.fromhex(data))]


def test_every_packet_has_all_motors() -> None:
    pad = drive("sdl-gamepad", ALL_FOUR)
    assert hexes(pad.send(vibrate(0, 16384))) == ["00 40 00 00 00 00 00 00"]
    assert hexes(pad.send(vibrate(1, 49152))) == ["00 40 00 C0 00 00 00 00"]
    assert hexes(pad.send(vibrate(3, 65535))) == ["00 40 00 C0 00 00 FF FF"]
    assert hexes(pad.send(vibrate(0, 0))) == ["00 00 00 C0 00 00 FF FF"]
    assert hexes(pad.send(vibrate(1, 1), vibrate(2, 2))) == ["00 00 01 00 02 00 FF FF"]
    assert hexes(pad.stop()) == ["00 00 00 00 00 00 00 00"]


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="unknown protocol variant sdl-wheel"):
        drive("sdl-gamepad", definition=custom_definition("sdl-gamepad", variant="sdl-wheel"))


def test_a_pad_whose_kind_the_configuration_lacks_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="no row __sdl-triggers-only"):
        drive("sdl-gamepad", definition=custom_definition("sdl-gamepad"), name=TRIGGERS)


def test_a_feature_without_a_motor_is_refused() -> None:
    three = custom_definition("sdl-gamepad", *[{OutputType.VIBRATE: (0, 65535)}] * 3)
    with pytest.raises(ButtplugDeviceError, match="only the motors 0 to 1"):
        drive("sdl-gamepad", definition=three)
