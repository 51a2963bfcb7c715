"""Next Level Racing."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import custom_definition, drive, texts, vibrate


@pytest.mark.parametrize(
    ("output", "line"),
    [(vibrate(0, 255), "M0255\r"), (vibrate(3, 0), "M30\r"), (vibrate(7, 128), "M7128\r"), (vibrate(1, 1), "M11\r")],
)
def test_each_motor_has_its_line(output: Output, line: str) -> None:
    assert texts(drive("nextlevelracing").send(output)) == [line]


def test_a_stop_reaches_every_motor() -> None:
    device = drive("nextlevelracing")
    device.send(*[vibrate(motor, 9) for motor in range(8)])
    assert texts(device.stop()) == [f"M{motor}0\r" for motor in range(8)]


def test_a_motor_that_has_no_digit_is_refused() -> None:
    device = drive(
        "nextlevelracing", definition=custom_definition("nextlevelracing", {OutputType.VIBRATE: (0, 255)}, first=10)
    )
    with pytest.raises(ButtplugDeviceError, match="motors 0 to 9, and no 10"):
        device.send(vibrate(10, 1))
