"""iToys."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import constrict, custom_definition, drive, hexes, oscillate, position, rotate, vibrate


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        (None, vibrate(0, 0), "A0 01 00 00 00 FF"),
        (None, vibrate(0, 1), "A0 01 00 00 01 FF"),
        (None, vibrate(0, 2), "A0 01 00 00 02 FF"),
        ("26-021-B", vibrate(0, 3), "A0 01 00 00 03 FF"),
        ("SML-2310-SZ-B", oscillate(1, 128), "A0 06 01 00 01 80"),
        ("SML-2310-SZ-B", oscillate(1, 255), "A0 06 01 00 01 FF"),
        ("SML-2310-SZ-B", oscillate(1, 0), "A0 06 00 00 00 00"),
        ("ASF-001-BT-R", oscillate(0, 1), "A0 06 01 00 01 01"),
        ("IJVB-W10-BT-RX", rotate(1, 3), "A0 08 01 00 03 FF"),
        ("IJVB-W10-BT-RX", rotate(1, 1), "A0 08 01 00 01 FF"),
        ("IJVB-W10-BT-RX", rotate(1, 0), "A0 08 00 00 00 00"),
        ("YSSY-073-BT", vibrate(0, 255), "A0 01 00 00 FF FF"),
        ("YSSY-073-BT", vibrate(0, 127), "A0 01 00 00 7F FF"),
        ("YSSY-073-BT", constrict(1, 1), "A0 0D 00 00 01 64"),
        ("YSSY-073-BT", constrict(1, 0), "A0 0D 00 00 00 00"),
    ],
)
def test_each_feature_has_its_packet(model: str | None, output: Output, data: str) -> None:
    assert hexes(drive("itoys", model).send(output)) == [data]


def test_a_stop_reaches_both() -> None:
    device = drive("itoys", "IJVB-W10-BT-RX")
    device.send(vibrate(0, 3), rotate(1, 3))
    assert hexes(device.stop()) == ["A0 01 00 00 00 FF", "A0 08 00 00 00 00"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Position output"):
        drive("itoys").send(position(0, 1))


def test_the_direction_of_a_rotation_is_dropped() -> None:
    device = drive("itoys", definition=custom_definition("itoys", {OutputType.ROTATE: (-3, 3)}))
    assert hexes(device.send(rotate(0, -3))) == ["A0 08 01 00 03 FF"]
