"""Nintendo controllers."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.nintendo_joycon import amplitude_code, rumble
from tests.server.protocols.helpers import drive, link, silent_device, vibrate

NEUTRAL = "00 01 40 40"


def report(motor: str) -> Packet:
    return Packet(bytes.fromhex(f"10 01 {motor} {motor}").ljust(64, b"\x00"))


@pytest.mark.parametrize(
    ("value", "motor"),
    [
        (0, NEUTRAL),
        (1, NEUTRAL),
        (2, "A8 02 CA 40"),
        (10, "A8 02 CA 40"),
        (60, "A8 16 CA 45"),
        (115, "A8 1E CA 47"),
        (120, "A8 20 4A 48"),
        (121, "A8 22 CA 48"),
        (200, "A8 38 4A 4E"),
        (230, "A8 3E CA 4F"),
        (231, "A8 40 4A 50"),
        (250, "A8 48 4A 52"),
        (400, "A8 74 4A 5D"),
        (500, "A8 88 4A 62"),
        (750, "A8 AE CA 6B"),
        (999, "A8 C8 4A 72"),
        (1000, "A8 C8 4A 72"),
    ],
)
def test_a_speed_is_two_tones_of_200_hz_for_each_motor(value: int, motor: str) -> None:
    assert drive("nintendo-joycon").send(vibrate(0, value)) == [report(motor)]


def test_a_higher_speed_is_never_a_lower_amplitude() -> None:
    codes = [amplitude_code(value / 1000) for value in range(2, 1001)]
    assert codes == sorted(codes)
    assert set(codes) == set(range(1, 101))


def test_everything_above_the_silent_values_vibrates() -> None:
    assert all(rumble(value) != bytes.fromhex(NEUTRAL) for value in range(2, 1001))


def test_the_report_is_repeated_every_15_ms_while_it_rumbles_and_every_second_while_it_is_idle() -> None:
    pad = drive("nintendo-joycon")
    assert pad.protocol.repeat_after == 1
    assert pad.repeat() == [report(NEUTRAL)]
    pad.send(vibrate(0, 1000))
    assert pad.protocol.repeat_after == 0.015
    assert pad.repeat() == [report("A8 C8 4A 72")]
    assert pad.protocol.repeat_after == 0.015
    assert pad.stop() == [report(NEUTRAL)]
    assert pad.protocol.repeat_after == 1
    pad.send(vibrate(0, 1))
    assert pad.protocol.repeat_after == 1, "nobody feels it"


async def test_rumble_is_switched_on_first() -> None:
    device = silent_device("Joy-Con (L)")
    await drive("nintendo-joycon").protocol.initialise(await link(device, "nintendo-joycon"))
    assert list(device.packets) == [Packet(bytes.fromhex("01 00 0000000000000000 48 01").ljust(64, b"\x00"))]


async def test_a_pad_that_cannot_be_written_to_is_not_connected() -> None:
    device = silent_device("Joy-Con (L)")
    hardware: Hardware = await link(device, "nintendo-joycon")
    device.write_error = HardwareError("no such device")
    with pytest.raises(HardwareError, match="no such device"):
        await drive("nintendo-joycon").protocol.initialise(hardware)
