"""Vibratissimo."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.vibratissimo import Vibratissimo
from tests.server.protocols.helpers import drive, link, silent_device, vibrate


def packets(speeds: str) -> list[Packet]:
    return [Packet(b"\x03\xff", endpoint="txmode"), Packet(bytes.fromhex(speeds), endpoint="txvibrate")]


@pytest.mark.parametrize(
    ("model", "steps", "stop"),
    [
        (
            None,
            [(vibrate(0, 128), "80 00"), (vibrate(0, 255), "FF 00"), (vibrate(0, 1), "01 00"), (vibrate(0, 0), "00 00")],
            "00 00",
        ),
        ("Licker", [(vibrate(0, 255), "FF 00"), (vibrate(1, 16), "FF 10"), (vibrate(0, 0), "00 10")], "00 00"),
        ("Womenizer", [(vibrate(1, 255), "00 FF")], "00 00"),
        ("Rabbit", [(vibrate(0, 255), "FF 00 00"), (vibrate(2, 2), "FF 00 02")], "00 00 00"),
    ],
)
def test_the_mode_comes_before_all_speeds_each_time(model: str | None, steps: list[tuple[Output, str]], stop: str) -> None:
    toy = drive("vibratissimo", model)
    for output, speeds in steps:
        assert toy.send(output) == packets(speeds)
    assert toy.stop() == packets(stop)


@pytest.mark.parametrize(
    ("model", "identifier"),
    [(b"Rabbit", "Rabbit"), (b"Rabbit ", "Rabbit "), (b"", ""), (b"\xff\xfe", "Vibratissimo")],
)
async def test_the_model_is_what_is_read_and_the_name_where_that_is_no_text(model: bytes, identifier: str) -> None:
    device = silent_device("Vibratissimo")
    device.readable["rxblemodel"] = [model]
    assert await Vibratissimo.identify(await link(device, "vibratissimo")) == identifier


async def test_a_model_that_cannot_be_read_ends_the_connection() -> None:
    hardware = await link(silent_device(), "vibratissimo")
    with pytest.raises(HardwareError, match="nothing to read on rxblemodel"):
        await Vibratissimo.identify(hardware)


async def test_the_battery_level_is_the_byte_that_is_read() -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [b"\x57", b""]
    hardware = await link(device, "vibratissimo")
    protocol = drive("vibratissimo").protocol
    assert await protocol.read(hardware, 1, InputType.BATTERY) == 87
    with pytest.raises(ButtplugDeviceError, match="empty battery level"):
        await protocol.read(hardware, 1, InputType.BATTERY)
