"""KGoal Boost."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.simulated import Subscribe, Unsubscribe
from tests.server.protocols.helpers import Driven, drive, link, silent_device


def readings(toy: Driven, data: str, endpoint: str = "rxpressure") -> list[tuple[int, int]]:
    found = list(toy.protocol.notified(endpoint, bytes.fromhex(data)))
    assert all(reading.type is InputType.PRESSURE for reading in found)
    return [(reading.feature, reading.value) for reading in found]


def test_pressures_are_told_when_they_change() -> None:
    boost = drive("kgoal-boost")
    for data, changed in [
        ("00 01 04 00 00 05 D3", [(1, 1491)]),
        ("00 01 04 00 00 05 D3", []),
        ("00 01 04 00 64 05 D3", [(0, 100)]),
        ("00 01 04 00 C8 06 40", [(0, 200), (1, 1600)]),
        ("00 01 04 FF FF 00 00 AA", [(0, 65535), (1, 0)]),
    ]:
        assert readings(boost, data) == changed


@pytest.mark.parametrize(
    ("data", "endpoint"),
    [("", "rxpressure"), ("00 01 04", "rxpressure"), ("00 01 04 00 64 05", "rxpressure"), ("00 01 04 00 64 05 D3", "rx")],
)
def test_what_is_no_pressure_is_passed_over(data: str, endpoint: str) -> None:
    boost = drive("kgoal-boost")
    assert readings(boost, data, endpoint) == []
    assert readings(boost, "00 01 04 00 01 00 02") == [(0, 1), (1, 2)]


async def test_one_stream_serves_both_pressures() -> None:
    device = silent_device()
    hardware = await link(device, "kgoal-boost")
    boost = drive("kgoal-boost").protocol
    await boost.subscribe(hardware, 0, InputType.PRESSURE)
    await boost.subscribe(hardware, 1, InputType.PRESSURE)
    await boost.unsubscribe(hardware, 0, InputType.PRESSURE)
    assert Unsubscribe("rxpressure") not in device.commands
    await boost.unsubscribe(hardware, 1, InputType.PRESSURE)
    assert list(device.commands) == [Subscribe("rxpressure"), Subscribe("rxpressure"), Unsubscribe("rxpressure")]


async def test_who_subscribes_anew_is_told_the_pressure_of_before_again() -> None:
    hardware = await link(silent_device(), "kgoal-boost")
    boost = drive("kgoal-boost")
    await boost.protocol.subscribe(hardware, 0, InputType.PRESSURE)
    assert readings(boost, "00 01 04 00 64 00 00") == [(0, 100)]
    await boost.protocol.unsubscribe(hardware, 0, InputType.PRESSURE)
    await boost.protocol.subscribe(hardware, 0, InputType.PRESSURE)
    assert readings(boost, "00 01 04 00 64 00 00") == [(0, 100)]


async def test_the_battery_level_is_the_byte_that_is_read() -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [b"\x5a", b""]
    hardware = await link(device, "kgoal-boost")
    boost = drive("kgoal-boost").protocol
    assert await boost.read(hardware, 2, InputType.BATTERY) == 90
    with pytest.raises(ButtplugDeviceError, match="empty battery level"):
        await boost.read(hardware, 2, InputType.BATTERY)


def test_a_stop_has_nothing_to_send() -> None:
    assert drive("kgoal-boost").stop() == []
