"""Satisfyer."""

from __future__ import annotations

import logging

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.satisfyer import Satisfyer
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate

ONE, TWO, THREE = "10005", "10006", "10065"
START = Packet(b"\x01", endpoint="command", response=True)


@pytest.mark.parametrize(
    ("model", "feature", "value", "data"),
    [
        (ONE, 0, 0, "00 00 00 00"),
        (ONE, 0, 1, "01 01 01 01"),
        (ONE, 0, 100, "64 64 64 64"),
        (TWO, 1, 100, "00 00 00 00 64 64 64 64"),
        (THREE, 2, 10, "00 00 00 00 00 00 00 00 0A 0A 0A 0A"),
    ],
)
def test_a_packet_has_each_speed_four_times(model: str, feature: int, value: int, data: str) -> None:
    assert drive("satisfyer", model).send(vibrate(feature, value)) == [Packet(bytes.fromhex(data))]


def test_every_packet_has_all_speeds() -> None:
    toy = drive("satisfyer", TWO)
    assert hexes(toy.send(vibrate(0, 50))) == ["32 32 32 32 00 00 00 00"]
    assert hexes(toy.send(vibrate(1, 100))) == ["32 32 32 32 64 64 64 64"]
    assert hexes(toy.repeat()) == ["32 32 32 32 64 64 64 64"]
    assert hexes(toy.send(vibrate(0, 0))) == ["00 00 00 00 64 64 64 64"]
    assert hexes(toy.stop()) == ["00 00 00 00 00 00 00 00"]


def test_the_speeds_are_repeated_from_the_connection_on() -> None:
    toy = drive("satisfyer", ONE)
    assert toy.protocol.repeat_after == 0.5
    assert hexes(toy.repeat()) == ["00 00 00 00"]


@pytest.mark.parametrize(("seconds", "restarted"), [(0, False), (2.5, False), (3, True), (60, True)])
def test_motors_that_stood_still_for_3_seconds_are_started_again(seconds: float, restarted: bool) -> None:
    toy = drive("satisfyer", ONE)
    for _ in range(round(seconds / 0.5)):
        toy.repeat()
    assert toy.send(vibrate(0, 50)) == [START] * restarted + [Packet(bytes((50,) * 4))]
    assert toy.send(vibrate(0, 60)) == [Packet(bytes((60,) * 4))]


def test_a_stop_of_what_stands_still_does_not_hide_that() -> None:
    toy = drive("satisfyer", ONE)
    for _ in range(6):
        toy.repeat()
    assert toy.stop() == [Packet(bytes(4))]
    assert toy.send(vibrate(0, 1))[0] == START


def test_repeats_while_running_are_no_standing_still() -> None:
    toy = drive("satisfyer", ONE)
    toy.send(vibrate(0, 50))
    for _ in range(20):
        toy.repeat()
    toy.send(vibrate(0, 0))
    assert toy.send(vibrate(0, 50)) == [Packet(bytes((50,) * 4))]


async def test_motors_are_started_at_connection() -> None:
    device = silent_device()
    await drive("satisfyer", ONE).protocol.initialise(await link(device, "satisfyer"))
    assert list(device.packets) == [START]


@pytest.mark.parametrize(
    ("manufacturer_data", "readable", "identifier"),
    [
        ({93: "00 00 27 15"}, None, "10005"),
        ({93: "00 00 28 01"}, None, "10241"),
        ({76: "02 15", 93: "00 00 27 15"}, None, "10005"),
        ({76: "00 00 27 15"}, "00 00 27 16", "10006"),
        ({93: "00 27 15"}, "00 00 27 16", "10006"),
        ({}, "00 00 27 16", "10006"),
        ({}, "00 00 27 16 00", None),
        ({}, "", None),
    ],
)
async def test_the_model_is_what_company_93_advertises_or_else_what_is_read(
    manufacturer_data: dict[int, str], readable: str | None, identifier: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    device = silent_device()
    device.advertisement = BluetoothAdvertisement(
        manufacturer_data={key: bytes.fromhex(data) for key, data in manufacturer_data.items()}
    )
    if readable is not None:
        device.readable["rxblemodel"] = [bytes.fromhex(readable)]
    with caplog.at_level(logging.WARNING):
        assert await Satisfyer.identify(await link(device, "satisfyer")) == identifier
    assert ("told no model number" in caplog.text) is (identifier is None)
    assert not device.packets


async def test_a_model_that_cannot_be_read_ends_the_connection() -> None:
    device = silent_device()
    hardware = await link(device, "satisfyer")
    with pytest.raises(HardwareError, match="nothing to read on rxblemodel"):
        await Satisfyer.identify(hardware)
