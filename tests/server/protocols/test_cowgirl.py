"""The Cowgirl, The Unicorn and the Cowgirl Cone."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import custom_definition, drive, hexes, link, rotate, silent_device, vibrate


@pytest.mark.parametrize("model", [None, "THE COWGIRL", "THE UNICORN"])
def test_every_packet_has_both_values(model: str | None) -> None:
    toy = drive("cowgirl", model)
    for output, data in [
        (vibrate(0, 100), "00 01 64 00"),
        (rotate(1, 50), "00 01 64 32"),
        (vibrate(0, 255), "00 01 FF 32"),
        (rotate(1, 255), "00 01 FF FF"),
        (vibrate(0, 1), "00 01 01 FF"),
        (rotate(1, 0), "00 01 01 00"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data), response=True)]
    assert hexes(toy.stop()) == ["00 01 00 00"]


def test_the_place_of_a_value_is_that_of_its_kind_whatever_its_index() -> None:
    definition = custom_definition("cowgirl", {OutputType.ROTATE: (0, 255)}, {OutputType.VIBRATE: (0, 255)})
    toy = drive("cowgirl", definition=definition)
    assert hexes(toy.send(rotate(0, 1), vibrate(1, 2))) == ["00 01 02 01"]


@pytest.mark.parametrize(
    ("value", "data"), [(0, "F1 01 00 00"), (1, "F1 01 01 00"), (64, "F1 01 40 00"), (128, "F1 01 80 00")]
)
def test_the_cone_s_speed(value: int, data: str) -> None:
    assert drive("cowgirl-cone").send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_stop_of_the_cone_is_speed_0() -> None:
    assert hexes(drive("cowgirl-cone").stop()) == ["F1 01 00 00"]


async def test_the_cone_is_given_3_seconds_after_its_first_packet() -> None:
    device = silent_device()
    await drive("cowgirl-cone").protocol.initialise(await link(device, "cowgirl-cone"))
    assert list(device.packets) == [Packet(bytes.fromhex("AA 56 00 00"))]
    assert asyncio.get_running_loop().time() == 3
