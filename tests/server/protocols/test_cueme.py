"""Cueme."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.cueme import Cueme
from tests.server.protocols.helpers import configuration, custom_definition, drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("FUNCODE_A1B2C3D4E5F6_1", "Cueme Mens"),
        ("FUNCODE_A1B2C3D4E5F6_2", "Cueme Bra"),
        ("FUNCODE_A1B2C3D4E5F6_3", "Cueme Womans"),
        ("FUNCODE_A1B2C3D4E5F6_4", "Cueme Device"),
        ("FUNCODE_A1B2C3D4E5F6", "Cueme Device"),
        ("FUNCODE_", "Cueme Device"),
        ("", "Cueme Device"),
    ],
)
async def test_the_end_of_the_name_tells_the_garment(name: str, model: str) -> None:
    identifier = await Cueme.identify(await link(silent_device(name), "cueme"))
    definition = configuration().definition("cueme", identifier)
    assert definition is not None
    assert definition.name == model


@pytest.mark.parametrize(
    ("output", "byte"), [(vibrate(0, 15), 0x1F), (vibrate(3, 8), 0x48), (vibrate(7, 1), 0x81), (vibrate(3, 0), 0x40)]
)
def test_motor_and_strength_share_a_byte(output: Output, byte: int) -> None:
    assert drive("cueme").send(output) == [Packet(bytes((byte,)), response=True)]


@pytest.mark.parametrize(("model", "motors"), [(None, 8), ("1", 8), ("2", 8), ("3", 4)])
def test_a_stop_reaches_every_motor(model: str | None, motors: int) -> None:
    device = drive("cueme", model)
    device.send(*[vibrate(motor, 9) for motor in range(motors)])
    assert hexes(device.stop()) == [f"{motor}0" for motor in range(1, motors + 1)]


def test_a_motor_that_has_no_number_is_refused() -> None:
    device = drive("cueme", definition=custom_definition("cueme", {OutputType.VIBRATE: (0, 15)}, first=15))
    with pytest.raises(ButtplugDeviceError, match="no motor 16: there are 15 at most"):
        device.send(vibrate(15, 1))


def test_a_strength_that_would_run_another_motor_is_refused() -> None:
    device = drive("cueme", definition=custom_definition("cueme", {OutputType.VIBRATE: (0, 16)}))
    with pytest.raises(ButtplugDeviceError, match="do not fit into one byte"):
        device.send(vibrate(0, 16))
