"""An output that was leased ends with its lease, and only it."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import OutputArguments, OutputCmd
from buttplug.hardware.errors import HardwareError
from buttplug.server.rest.devices import RestDevices
from buttplug.server.rest.errors import RestError
from buttplug.server.rest.leases import Leases
from buttplug.server.rest.values import Level, Query
from tests.server.conftest import BuildHouse, House
from tests.server.wire import STOPPED

ONE, TWO = [b"\xf1\x40"], [b"\xf2\x40"]


@pytest.fixture
async def house(build: BuildHouse) -> House:
    return await build("aneros")


@pytest.fixture
def devices(house: House) -> RestDevices:
    return RestDevices(house.server)


async def drive(devices: RestDevices, feature: int | None, lease: int | None) -> None:
    fields = [] if lease is None else [("lease", str(lease))]
    await devices.drive(0, feature, OutputType.VIBRATE, Level("0.5", Query(fields)))


async def test_what_was_leased_stops_when_the_time_is_over_and_the_rest_goes_on(house: House, devices: RestDevices) -> None:
    await drive(devices, 1, None)
    await drive(devices, 0, 500)
    await asyncio.sleep(0.49)
    assert house.sent() == TWO + ONE
    await asyncio.sleep(0.02)
    assert house.sent() == TWO + STOPPED


async def test_a_command_before_its_end_renews_the_lease_or_ends_it(house: House, devices: RestDevices) -> None:
    await drive(devices, 0, 500)
    await asyncio.sleep(0.4)
    await drive(devices, 0, 500)
    await asyncio.sleep(0.4)
    assert house.sent() == ONE
    await drive(devices, 0, None)
    await asyncio.sleep(1000)
    assert house.sent() == ONE


@pytest.mark.parametrize("target", [(None, None), (0, None), (0, 0)])
async def test_a_stop_ends_the_lease(house: House, devices: RestDevices, target: tuple[int | None, int | None]) -> None:
    await drive(devices, 0, 500)
    await devices.stop(*target)
    await drive(devices, 0, None)
    count = len(house.sent())
    await asyncio.sleep(1)
    assert len(house.sent()) == count


async def test_what_another_client_drives_by_now_is_not_stopped(house: House, devices: RestDevices) -> None:
    await drive(devices, None, 500)
    other = await house.client("other")
    await other.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(100)})
    house.simulated[0].packets.clear()
    await asyncio.sleep(1)
    assert house.sent() == [b"\xf2\x00"]


async def test_a_stop_that_fails_at_the_end_of_a_lease_is_told(house: House, devices: RestDevices) -> None:
    stream = devices.open_stream()
    await drive(devices, 0, 500)
    house.simulated[0].write_error = HardwareError("the battery is empty")
    await asyncio.sleep(20)
    house.simulated[0].write_error = None
    stream.end()
    told: list[bytes] = []

    async def send(event: bytes) -> None:
        told.append(event)

    await stream.read(send)
    assert b'{"type":"LeaseEnded","device":0,"feature":0}' in told[1]
    assert b'"type":"Error","message":"Device 0 \\"Aneros Vivi\\", feature 0' in b"".join(told)


async def test_a_lease_of_a_device_that_is_gone_harms_nobody(house: House, devices: RestDevices) -> None:
    await drive(devices, 0, 500)
    house.simulated[0].in_range = False
    house.simulated[0].disconnect()
    await asyncio.sleep(1)
    assert devices.all() == {}


async def test_a_command_that_is_refused_changes_no_lease(house: House, devices: RestDevices) -> None:
    await drive(devices, 0, 500)
    with pytest.raises(Exception, match="outside the range"):
        await devices.drive(0, 0, OutputType.VIBRATE, Level(None, Query([("steps", "999")])))
    await asyncio.sleep(1)
    assert house.sent() == STOPPED


async def test_a_command_that_fails_leaves_the_lease_before_it(house: House, devices: RestDevices) -> None:
    await drive(devices, 0, 500)
    house.simulated[0].write_error = HardwareError("noise")
    with pytest.raises(RestError, match="noise"):
        await devices.drive(0, 0, OutputType.VIBRATE, Level("0.9", Query([])))
    house.simulated[0].write_error = None
    await asyncio.sleep(1)
    assert house.sent() == STOPPED


async def test_commands_that_fail_one_behind_the_other_leave_the_lease_before_them(house: House, devices: RestDevices) -> None:
    await drive(devices, 0, 500)
    house.simulated[0].write_error = HardwareError("noise")
    failing = [devices.drive(0, 0, OutputType.VIBRATE, Level(level, Query([]))) for level in ("0.9", "0.8")]
    answers = await asyncio.gather(*failing, return_exceptions=True)
    assert isinstance(answers[-1], RestError)
    house.simulated[0].write_error = None
    await asyncio.sleep(1)
    assert house.sent() == STOPPED


async def test_a_command_that_fails_brings_no_lease_back_over_what_was_asked_since() -> None:
    told: list[tuple[int, int]] = []
    leases = Leases(told.append)
    leases.set((0, 0), 500)
    fails, newer = leases.set((0, 0), None), leases.set((0, 0), None)
    newer(True)
    fails(False)
    leases.set((0, 1), 500)
    fails = leases.set((0, 1), None)
    leases.end(0)
    fails(False)
    await asyncio.sleep(1)
    assert told == []
