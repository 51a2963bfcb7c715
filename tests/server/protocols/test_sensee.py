"""Sensee, all generations."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import (
    Driven,
    constrict,
    custom_definition,
    drive,
    hexes,
    link,
    oscillate,
    rotate,
    silent_device,
    vibrate,
)


@pytest.mark.parametrize(("value", "data"), [(0, "00"), (1, "01"), (45, "2D"), (100, "64")])
def test_the_first_generation_has_one_speed(value: int, data: str) -> None:
    assert drive("sensee").send(vibrate(0, value)) == [Packet(bytes.fromhex(f"55 AA F0 01 01 0B 65 F7 01 01 {data}"))]


def test_a_stop_of_the_first_generation_is_speed_0() -> None:
    assert hexes(drive("sensee").stop()) == ["55 AA F0 01 01 0B 65 F7 01 01 00"]


CAPSULE = custom_definition("sensee-capsule", {OutputType.VIBRATE: (0, 3)}, {OutputType.CONSTRICT: (0, 255)})


@pytest.mark.parametrize(
    ("output", "data"),
    [
        (vibrate(0, 0), "12 66 F9 F0"),
        (vibrate(0, 1), "12 66 F9 F1"),
        (vibrate(0, 3), "12 66 F9 F3"),
        (constrict(1, 0), "11 66 F2 F0 00 00"),
        (constrict(1, 1), "11 66 F2 F1 00 00"),
        (constrict(1, 3), "11 66 F2 F3 00 00"),
        (constrict(1, 15), "11 66 F2 FF 00 00"),
        (constrict(1, 16), "11 66 F2 FF 00 00"),
        (constrict(1, 255), "11 66 F2 FF 00 00"),
    ],
)
def test_the_old_form_of_the_capsule_has_a_packet_for_each_kind_of_output(output: Output, data: str) -> None:
    assert drive("sensee-capsule", definition=CAPSULE).send(output) == [Packet(bytes.fromhex(f"55 AA F0 01 00 {data}"))]


def test_a_stop_of_the_capsule_stops_both() -> None:
    assert len(drive("sensee-capsule", definition=CAPSULE).stop()) == 2


def test_an_output_that_the_capsule_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Rotate output"):
        drive("sensee-capsule", definition=CAPSULE).send(rotate(0, 1))


# The second generation


async def connected(model: str | None, reply: str = "") -> Driven:
    device = silent_device()
    device.readable["tx"] = [bytes.fromhex(reply)]
    toy = drive("sensee-v2", model)
    await toy.protocol.initialise(await link(device, "sensee-v2"))
    assert not device.packets
    return toy


TYPE_66 = "00 00 00 00 00 00 66"


@pytest.mark.parametrize(
    ("model", "reply", "steps"),
    [
        (
            "CCPA10S2",
            TYPE_66,
            [
                (vibrate(0, 50), "0D 66 F1 02 00 01 01 32 02 01 01 00"),
                (constrict(1, 100), "0D 66 F1 02 00 01 01 32 02 01 01 64"),
                (vibrate(0, 0), "0D 66 F1 02 00 01 01 00 02 01 01 64"),
            ],
        ),
        (
            "CTY916S4",
            "",
            [
                (oscillate(0, 30), "0D 65 F1 02 00 01 01 00 01 01 01 1E"),
                (vibrate(1, 75), "0D 65 F1 02 00 01 01 4B 01 01 01 1E"),
            ],
        ),
        ("qingnan#16", "", [(constrict(0, 20), "09 65 F1 01 02 01 01 14")]),
        (
            "CCPB22S5",
            "",
            [
                (vibrate(0, 10), "11 65 F1 03 00 01 01 0A 01 01 01 00 02 01 01 00"),
                (oscillate(1, 20), "11 65 F1 03 00 01 01 0A 01 01 01 14 02 01 01 00"),
                (constrict(2, 30), "11 65 F1 03 00 01 01 0A 01 01 01 14 02 01 01 1E"),
            ],
        ),
    ],
)
async def test_every_packet_has_all_values_in_groups(model: str, reply: str, steps: list[tuple[Output, str]]) -> None:
    toy = await connected(model, reply)
    for output, data in steps:
        assert toy.send(output) == [Packet(bytes.fromhex(f"55 AA F0 02 00 {data} 00 00"))]


def test_a_stop_has_every_value_0() -> None:
    toy = drive("sensee-v2", "CCPB22S5")
    toy.send(vibrate(0, 100), oscillate(1, 100), constrict(2, 100))
    assert hexes(toy.stop()) == ["55 AA F0 02 00 11 65 F1 03 00 01 01 00 01 01 01 00 02 01 01 00 00 00"]


def test_features_of_one_group_are_in_index_order() -> None:
    definition = custom_definition("sensee-v2", *[{OutputType.VIBRATE: (0, 100)}] * 3)
    toy = drive("sensee-v2", definition=definition)
    assert hexes(toy.send(vibrate(2, 3), vibrate(0, 1), vibrate(1, 2))) == [
        "55 AA F0 02 00 0D 65 F1 01 00 03 01 01 02 02 03 03 00 00"
    ]


def test_an_output_that_is_in_no_group_is_refused() -> None:
    definition = custom_definition("sensee-v2", {OutputType.VIBRATE: (0, 100)}, {OutputType.ROTATE: (0, 100)})
    with pytest.raises(ButtplugDeviceError, match="no place for feature 1"):
        drive("sensee-v2", definition=definition).send(rotate(1, 1))


@pytest.mark.parametrize(
    ("reply", "type_"),
    [
        ("", 0x65),
        ("11 22 33 44 55 66", 0x65),
        ("11 22 33 44 55 66 77", 0x77),
        ("11 22 33 44 55 66 00", 0x65),
        ("11 22 33 44 55 66 77 88", 0x77),
    ],
)
async def test_the_type_is_byte_6_of_what_is_read(reply: str, type_: int) -> None:
    assert (await connected(None, reply)).send(vibrate(0, 1))[0].data[6] == type_


async def test_a_type_that_cannot_be_read_ends_the_connection() -> None:
    hardware = await link(silent_device(), "sensee-v2")
    with pytest.raises(HardwareError, match="nothing to read on tx"):
        await drive("sensee-v2").protocol.initialise(hardware)
