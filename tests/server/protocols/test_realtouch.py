"""RealTouch."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.realtouch import Realtouch
from tests.server.protocols.helpers import constrict, drive, halted, link, move, silent_device, vibrate


def report(data: str) -> Packet:
    return Packet(bytes.fromhex(data).ljust(64, b"\x00"))


def heat(value: int) -> Output:
    return Output(2, OutputType.TEMPERATURE, value)


def lubricate(value: int) -> Output:
    return Output(3, OutputType.SPRAY, value)


def test_a_way_is_a_force_for_a_time_in_a_direction() -> None:
    device = drive("realtouch")
    assert device.send(move(0, 99, 500)) == [report("02 20 CA F4 01")]
    assert device.send(move(0, 0, 1000)) == [report("02 A0 65 E8 03")]


@pytest.mark.parametrize(
    ("place", "duration", "data"),
    [
        (99, 0, "02 20 FF 01 00"),
        (99, 100, "02 20 FF 64 00"),
        (1, 1000, "02 20 01 E8 03"),
        (1, 100_000, "02 20 01 FF FF"),
    ],
)
def test_force_and_time_have_a_lowest_and_a_highest_value(place: int, duration: int, data: str) -> None:
    assert drive("realtouch").send(move(0, place, duration)) == [report(data)]


def test_no_way_is_no_report() -> None:
    device = drive("realtouch")
    assert device.send(move(0, 0, 500)) == []
    device.send(move(0, 50, 500))
    assert device.send(move(0, 50, 500)) == []


@pytest.mark.parametrize(
    ("output", "data"),
    [
        (constrict(1, 255), "02 30 FF FF FF"),
        (constrict(1, 1), "02 30 01 FF FF"),
        (constrict(1, 0), "01 30"),
        (heat(255), "05 FF"),
        (heat(1), "05 01"),
        (heat(0), "01 40"),
        (lubricate(1), "06 FF E8 03"),
        (lubricate(0), "01 50"),
    ],
)
def test_every_other_part_has_its_report_and_its_stop(output: Output, data: str) -> None:
    assert drive("realtouch").send(output) == [report(data)]


def test_a_stop_of_everything_is_one_report() -> None:
    device = drive("realtouch")
    device.send(move(0, 99, 5000), constrict(1, 9), heat(9), lubricate(1))
    assert device.stop(halted(0, 40)) == [report("01 60")]


def test_a_stop_of_some_parts_leaves_the_others() -> None:
    device = drive("realtouch")
    device.send(move(0, 99, 5000), constrict(1, 9), heat(9), lubricate(1))
    assert device.stop_only(halted(0, 40)) == [report("01 20")]
    assert device.stop_only(heat(0)) == [report("01 40")]
    assert device.stop() == [report("01 30"), report("01 40"), report("01 50")]
    assert device.stop_only() == []


@pytest.mark.parametrize("name", ["RealTouch", "RealTouch v2", ""])
async def test_it_is_known_by_its_usb_ids(name: str) -> None:
    assert await Realtouch.identify(await link(silent_device(name), "realtouch")) == name


async def test_the_first_firmware_is_refused() -> None:
    with pytest.raises(HardwareError, match="RealTouch v1 has the first firmware"):
        await Realtouch.identify(await link(silent_device("RealTouch v1"), "realtouch"))


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive("realtouch").send(vibrate(0, 1))
