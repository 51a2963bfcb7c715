"""Magic Motion."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, link, oscillate, silent_device, vibrate

FIRST, SECOND, THIRD, FOURTH = "magic-motion-1", "magic-motion-2", "magic-motion-3", "magic-motion-4"


@pytest.mark.parametrize(
    ("protocol", "model", "output", "data"),
    [
        (FIRST, "Magic Cell", vibrate(0, 0), "0B FF 04 0A 32 32 00 04 08 00 64 00"),
        (FIRST, "Magic Cell", vibrate(0, 1), "0B FF 04 0A 32 32 00 04 08 01 64 00"),
        (FIRST, "Magic Cell", vibrate(0, 50), "0B FF 04 0A 32 32 00 04 08 32 64 00"),
        (FIRST, "Magic Cell", vibrate(0, 100), "0B FF 04 0A 32 32 00 04 08 64 64 00"),
        (FIRST, "Xone", oscillate(0, 10), "0B FF 04 0A 32 32 00 04 08 0A 64 00"),
        (SECOND, "Sword", vibrate(0, 0), "10 FF 04 0A 32 0A 00 04 08 00 64 00 04 08 00 64 01"),
        (SECOND, "Sword", vibrate(0, 1), "10 FF 04 0A 32 0A 00 04 08 01 64 00 04 08 00 64 01"),
        (SECOND, "Sword", vibrate(0, 100), "10 FF 04 0A 32 0A 00 04 08 64 64 00 04 08 00 64 01"),
        (THIRD, None, vibrate(0, 0), "0B FF 04 0A 46 46 00 04 08 00 64 00"),
        (THIRD, None, vibrate(0, 1), "0B FF 04 0A 46 46 00 04 08 01 64 00"),
        (THIRD, None, vibrate(0, 77), "0B FF 04 0A 46 46 00 04 08 4D 64 00"),
    ],
)
def test_one_motor(protocol: str, model: str | None, output: Output, data: str) -> None:
    assert drive(protocol, model).send(output) == [Packet(bytes.fromhex(data))]


@pytest.mark.parametrize("value", [0, 1, 40, 100])
def test_one_motor_of_the_fourth_kind_has_its_speed_in_both_places(value: int) -> None:
    data = f"10 FF 04 0A 32 32 00 04 08 {value:02X} 64 00 04 08 {value:02X} 64 01"
    assert drive(FOURTH, "funone").send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=True)]


def test_two_motors_share_a_packet() -> None:
    eidolon = drive(SECOND, "Eidolon")
    changes = [vibrate(0, 30), vibrate(1, 100), vibrate(0, 0), vibrate(1, 0)]
    assert [hexes(eidolon.send(change)) for change in changes] == [
        ["10 FF 04 0A 32 0A 00 04 08 1E 64 00 04 08 00 64 01"],
        ["10 FF 04 0A 32 0A 00 04 08 1E 64 00 04 08 64 64 01"],
        ["10 FF 04 0A 32 0A 00 04 08 00 64 00 04 08 64 64 01"],
        ["10 FF 04 0A 32 0A 00 04 08 00 64 00 04 08 00 64 01"],
    ]
    umi = drive(FOURTH, "umi")
    changes = [vibrate(1, 100), vibrate(0, 5), vibrate(1, 0)]
    assert [hexes(umi.send(change)) for change in changes] == [
        ["10 FF 04 0A 32 32 00 04 08 00 64 00 04 08 64 64 01"],
        ["10 FF 04 0A 32 32 00 04 08 05 64 00 04 08 64 64 01"],
        ["10 FF 04 0A 32 32 00 04 08 05 64 00 04 08 00 64 01"],
    ]


def test_oscillation_of_the_jive_is_its_second_motor_and_is_stopped_with_the_first() -> None:
    jive = drive(SECOND, "CBT001")
    assert hexes(jive.send(vibrate(0, 1), oscillate(1, 100))) == ["10 FF 04 0A 32 0A 00 04 08 01 64 00 04 08 64 64 01"]
    assert hexes(jive.stop_only(oscillate(1, 0))) == ["10 FF 04 0A 32 0A 00 04 08 01 64 00 04 08 00 64 01"]
    assert hexes(jive.stop()) == ["10 FF 04 0A 32 0A 00 04 08 00 64 00 04 08 00 64 01"]


@pytest.mark.parametrize(
    ("protocol", "model", "feature"), [(FIRST, "Xone", 1), (SECOND, "Eidolon", 2), (THIRD, None, 1), (FOURTH, "bobi2", 2)]
)
async def test_the_battery_level_is_one_byte(protocol: str, model: str | None, feature: int) -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [b"\x4b", b""]
    hardware = await link(device, protocol)
    toy = drive(protocol, model).protocol
    assert await toy.read(hardware, feature, InputType.BATTERY) == 75
    with pytest.raises(ButtplugDeviceError, match="sent an empty battery level"):
        await toy.read(hardware, feature, InputType.BATTERY)
