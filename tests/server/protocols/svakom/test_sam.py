"""Svakom Sam Neo."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.svakom.sam import ONE_SPEED, SvakomSam
from tests.server.protocols.helpers import ADDRESS, Driven, constrict, definition_of, drive, hexes, link, rotate, vibrate

FIRST, SECOND = ("tx", "rx"), ("tx", "rx", "txmode", "firmware")
WITHOUT_MODE = ("tx", "rx", "firmware")


def device_with(endpoints: Iterable[str]) -> SimulatedDevice:
    return SimulatedDevice("Sam Neo", BluetoothAdvertisement("Sam Neo"), address=ADDRESS, endpoints=endpoints)


async def connect(device: SimulatedDevice) -> Driven:
    toy = drive("svakom-sam")
    await toy.protocol.initialise(await link(device, "svakom-sam"))
    return toy


@pytest.mark.parametrize(
    ("endpoints", "output", "data"),
    [
        (FIRST, vibrate(0, 0), "12 01 03 00 05 00"),
        (FIRST, vibrate(0, 1), "12 01 03 00 05 01"),
        (FIRST, vibrate(0, 7), "12 01 03 00 05 07"),
        (FIRST, vibrate(0, 10), "12 01 03 00 05 0A"),
        (SECOND, vibrate(0, 0), "12 01 03 00 00 00"),
        (SECOND, vibrate(0, 1), "12 01 03 00 04 01"),
        (SECOND, vibrate(0, 10), "12 01 03 00 04 0A"),
        (WITHOUT_MODE, vibrate(0, 0), "12 01 03 00 00 00"),
        (WITHOUT_MODE, vibrate(0, 1), "12 01 03 00 04 01"),
        (FIRST, constrict(1, 1), "12 06 01 01"),
        (FIRST, constrict(1, 0), "12 06 01 00"),
        (SECOND, constrict(1, 1), "12 06 01 01"),
        (SECOND, constrict(1, 0), "12 06 01 00"),
    ],
)
async def test_a_packet_per_output_in_the_format_of_its_generation(
    endpoints: Iterable[str], output: Output, data: str
) -> None:
    toy = await connect(device_with(endpoints))
    assert toy.send(output) == [Packet(bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("endpoints", "stop"),
    [(FIRST, ["12 01 03 00 05 00", "12 06 01 00"]), (SECOND, ["12 01 03 00 00 00", "12 06 01 00"])],
)
async def test_a_stop_reaches_both_outputs(endpoints: Iterable[str], stop: list[str]) -> None:
    toy = await connect(device_with(endpoints))
    toy.send(vibrate(0, 10), constrict(1, 1))
    assert hexes(toy.stop()) == stop


@pytest.mark.parametrize(
    ("endpoints", "identifier", "levels"),
    [(FIRST, "Sam Neo", (0, 10)), (SECOND, "Sam Neo", (0, 10)), (WITHOUT_MODE, ONE_SPEED, (0, 1))],
)
async def test_where_there_is_one_speed_no_more_is_offered(
    endpoints: Iterable[str], identifier: str, levels: tuple[int, int]
) -> None:
    hardware = await link(device_with(endpoints), "svakom-sam")
    assert await SvakomSam.identify(hardware) == identifier
    definition = definition_of("svakom-sam", ONE_SPEED if identifier == ONE_SPEED else None)
    assert definition.features[0].outputs[OutputType.VIBRATE].value == levels


async def test_it_is_listened_to_and_told_nothing_at_connection() -> None:
    device = device_with(FIRST)
    toy = await connect(device)
    assert list(device.commands) == [Subscribe("rx")]
    assert list(toy.protocol.notified("rx", b"\x12\x01")) == []


async def test_a_device_without_notifications_cannot_be_used() -> None:
    with pytest.raises(HardwareError, match="no endpoint rx"):
        await connect(device_with(("tx",)))


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="Svakom Sam Neo has no Rotate output"):
        drive("svakom-sam").send(rotate(0, 1))
