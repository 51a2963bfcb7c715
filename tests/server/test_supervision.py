"""A fault of the server, in whatever task: it is logged once, ends that device or session at the most, and the rest serves."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from buttplug.core.messages import (
    DeviceList,
    InputCmd,
    OutputArguments,
    OutputCmd,
    RequestDeviceList,
    StartScanning,
    StopCmd,
)
from buttplug.hardware.simulated import SimulatedDevice, SimulatedHardware, SimulatedManager
from buttplug.server.devices.device import Device
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.devices.pacing.machine import Machine
from buttplug.server.inputs import Inputs
from buttplug.server.protocols.aneros import Aneros
from buttplug.server.protocols.base import Protocol
from buttplug.server.session import CloseCode, Session
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

FIRST, SECOND = 0, 1
FAULT = "a fault of ours"


def vibrate(value: int) -> dict[str, OutputArguments]:
    return {"Vibrate": OutputArguments(value)}


@pytest.fixture
async def house(build: BuildHouse) -> House:
    return await build("aneros", "aneros", "Kiiroo Pearl 2.1")


@pytest.fixture
async def talker(house: House) -> Talker:
    """A client that has both devices run."""
    talker = await house.client("driving")
    for device in (FIRST, SECOND):
        assert is_ok(await talker.ask(OutputCmd, device, 0, vibrate(9)))
    return talker


@pytest.fixture(autouse=True)
async def no_task_ends_unseen() -> AsyncIterator[None]:
    """Whatever ends a task is logged by whoever started it, and not by the event loop when it is found in the garbage."""
    unseen: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unseen.append(str(context)))
    yield
    gc.collect()
    assert unseen == []


def fails_for_first(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, house: House) -> None:
    """Have a method fail, for the first device only."""
    real = getattr(kind, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        address = getattr(getattr(self, "hardware", self), "address", None)
        if address == house.simulated[FIRST].address:
            raise RuntimeError(FAULT)
        return real(self, *args, **options)

    monkeypatch.setattr(kind, name, method)


async def returns_with_a_fault(monkeypatch: pytest.MonkeyPatch, house: House, kind: type, method: str) -> None:
    """Have the first device go, and come back while a method fails."""

    async def fails(*_: object) -> None:
        raise RuntimeError(FAULT)

    def fails_at_once(*_: object) -> None:
        raise RuntimeError(FAULT)

    house.simulated[FIRST].disconnect()
    await asyncio.sleep(0.1)
    with monkeypatch.context() as patch:
        patch.setattr(kind, method, fails if asyncio.iscoroutinefunction(getattr(kind, method)) else fails_at_once)
        house.simulated[FIRST].come_back()
        await asyncio.sleep(1)


async def can_come_back(house: House) -> bool:
    """Whether the first device can be driven when it is back again."""
    house.simulated[FIRST].come_back()
    await asyncio.sleep(1)
    return await serves(house, FIRST)


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of the fault."""
    return [record.getMessage() for record in caplog.records if record.exc_info and FAULT in str(record.exc_info[1])]


async def serves(house: House, device: int = SECOND) -> bool:
    """Whether another client can still drive a device, and stop it."""
    other = await house.client("another")
    answers = [await other.ask(OutputCmd, device, 1, vibrate(5)), await other.ask(StopCmd, device)]
    await other.session.close("done")
    return all(map(is_ok, answers))


# Devices


async def test_a_device_that_cannot_be_asked_to_stop_keeps_no_other_from_being_stopped(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails_for_first(monkeypatch, Device, "stop", house)
    await talker.session.close("gone")
    assert house.sent(SECOND)[-1] == b"\xf1\x00"
    assert faults(caplog) == ['Device 0 "Aneros Vivi" could not be asked to stop']
    assert await serves(house)


async def test_a_stop_of_all_stops_the_others_and_says_which_it_could_not(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_for_first(monkeypatch, Device, "stop", house)
    _, told = error_of(await talker.ask(StopCmd))
    assert told == f'Device 0 "Aneros Vivi": it could not be asked to stop: {FAULT}'
    assert house.sent(SECOND)[-2:] == [b"\xf1\x00", b"\xf2\x00"]


async def test_a_shutdown_stops_the_others_and_says_which_it_could_not(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_for_first(monkeypatch, Device, "stop", house)
    assert await house.server.close() == [f'Device 0 "Aneros Vivi": it could not be asked to stop: {FAULT}']
    assert house.sent(SECOND)[-2:] == [b"\xf1\x00", b"\xf2\x00"]
    assert not any(device.connected for device in house.simulated)


@pytest.mark.parametrize("method", ["next", "written"])
async def test_a_pacer_that_fails_answers_logs_once_goes_on_and_stops_when_it_can(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    real, broken = getattr(Machine, method), house.server.devices.devices[FIRST]._pacer._machine

    def fails(self: Machine, now: float) -> object:
        if self is broken:
            raise RuntimeError(FAULT)
        return real(self, now)

    with monkeypatch.context() as patch:
        patch.setattr(Machine, method, fails)
        _, told = error_of(await talker.ask(OutputCmd, FIRST, 0, vibrate(3)))
        assert told.endswith(f"the server failed: {FAULT}")
        await asyncio.sleep(10)
        assert await serves(house)
        assert len(faults(caplog)) == 1
    await asyncio.sleep(2)
    assert is_ok(await talker.ask(StopCmd, FIRST))
    assert house.sent(FIRST)[-2:] == [b"\xf1\x00", b"\xf2\x00"]


@pytest.mark.parametrize("method", ["encode", "stop"])
async def test_a_protocol_that_fails_costs_its_device_the_command_only(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    fails_for_first(monkeypatch, Aneros, method, house)
    answer = await talker.ask(*((OutputCmd, FIRST, 0, vibrate(3)) if method == "encode" else (StopCmd, FIRST)))
    assert FAULT in error_of(answer)[1]
    assert await serves(house)


async def test_readings_that_cannot_be_made_are_logged_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: Protocol, endpoint: str, data: bytes) -> object:
        raise RuntimeError(f"{FAULT} by {data[0]}")

    talker = await house.client()
    assert is_ok(await talker.ask(InputCmd, 2, 2, "Pressure", "Subscribe"))
    monkeypatch.setattr("buttplug.server.protocols.kiiroo.v21.KiirooV21.notified", fails)
    for number in range(100):
        house.simulated[2].notify("rx", bytes([number]) * 60_000)
    assert len(faults(caplog)) == 1
    assert max(len(record.getMessage()) for record in caplog.records) < 500
    assert await serves(house)


@pytest.mark.parametrize("method", ["write", "disconnect"])
async def test_a_link_that_fails_costs_its_device_only(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    fails_for_first(monkeypatch, SimulatedHardware, method, house)
    if method == "write":
        assert FAULT in error_of(await talker.ask(OutputCmd, FIRST, 0, vibrate(3)))[1]
    else:
        house.simulated[FIRST].disconnect()
    assert await serves(house)
    await asyncio.sleep(1)


async def test_a_device_whose_end_fails_can_come_back(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        fails_for_first(patch, Device, "close", house)
        house.simulated[FIRST].disconnect()
        await asyncio.sleep(1)
    assert len(faults(caplog)) == 1
    assert await can_come_back(house)


@pytest.mark.parametrize("method", ["identify", "initialise"])
async def test_a_hand_shake_that_fails_leaves_the_device_out_with_its_link_closed(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    await returns_with_a_fault(monkeypatch, house, Aneros, method)
    assert len(faults(caplog)) == 1
    assert not house.simulated[FIRST].connected
    assert await serves(house)
    assert await can_come_back(house)


# Buses


async def test_a_link_that_cannot_be_opened_by_a_fault_is_logged_once_and_may_be_found_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await returns_with_a_fault(monkeypatch, house, SimulatedDevice, "_connect")
    assert len(faults(caplog)) == 1
    assert await can_come_back(house)


@pytest.mark.parametrize("method", ["start_scanning", "stop_scanning"])
async def test_a_bus_that_fails_is_told_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    async def fails(self: SimulatedManager) -> None:
        raise RuntimeError(FAULT)

    talker = await house.client()
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedManager, method, fails)
        for _ in range(3):
            await talker.ask(StartScanning)
            await house.server.devices.stop_scanning(talker.session)
    assert len([record for record in caplog.records if FAULT in record.getMessage()]) == 1
    assert await serves(house)


async def test_a_device_that_cannot_be_made_is_logged_once_and_its_address_is_free(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await returns_with_a_fault(monkeypatch, house, DeviceManager, "_add")
    assert len(faults(caplog)) == 1
    assert not house.simulated[FIRST].connected
    assert await can_come_back(house)


# Sessions


async def test_a_message_that_makes_a_session_fail_is_answered_and_the_session_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: DeviceManager) -> None:
        raise RuntimeError(FAULT)

    talker = await house.client()
    with monkeypatch.context() as patch:
        patch.setattr(DeviceManager, "infos", fails)
        assert FAULT in error_of(await talker.ask(RequestDeviceList))[1]
    assert len(faults(caplog)) == 1
    assert isinstance(await talker.ask(RequestDeviceList), DeviceList)


async def test_a_sensors_task_that_fails_is_answered_and_the_session_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(self: Device, *_: object) -> int:
        raise RuntimeError(FAULT)

    talker = await house.client()
    with monkeypatch.context() as patch:
        patch.setattr(Device, "read", fails)
        assert FAULT in error_of(await talker.ask(InputCmd, 2, 1, "Battery", "Read"))[1]
    assert len(faults(caplog)) == 1
    assert await serves(house)


async def test_a_session_that_cannot_be_told_of_devices_is_ended_with_its_devices_stopped_and_others_are_told(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Session.devices_changed

    def fails(self: Session, devices: DeviceList) -> None:
        if self is talker.session:
            raise RuntimeError(FAULT)
        real(self, devices)

    other = await house.client("another")
    with monkeypatch.context() as patch:
        patch.setattr(Session, "devices_changed", fails)
        house.simulated[2].disconnect()
        await asyncio.sleep(1)
    assert len(faults(caplog)) == 1
    assert talker.closed == (CloseCode.INTERNAL_ERROR, "the server failed")
    assert [house.sent(index)[-1] for index in (FIRST, SECOND)] == [b"\xf1\x00"] * 2
    assert other.devices == [FIRST, SECOND]
    house.simulated[2].come_back()
    await asyncio.sleep(1)
    assert other.devices == [FIRST, SECOND, 2]


async def test_the_last_task_of_a_session_that_fails_is_logged_once_and_leaves_everything_stopped(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(self: object, *_: object, **__: object) -> None:
        raise RuntimeError(FAULT)

    assert is_ok(await talker.ask(InputCmd, 2, 2, "Pressure", "Subscribe"))
    monkeypatch.setattr(Inputs, "unsubscribe", fails)
    await talker.session.close("gone")
    await asyncio.sleep(1)
    assert len(faults(caplog)) == 1
    assert [house.sent(index)[-1] for index in (FIRST, SECOND)] == [b"\xf1\x00"] * 2
    assert await serves(house)


async def test_who_cannot_be_told_of_the_end_of_a_session_does_not_keep_the_server_from_shutting_down(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(code: CloseCode, reason: str) -> None:
        raise RuntimeError(FAULT)

    house.server.open_session(lambda message: None, fails)
    caplog.set_level(logging.ERROR)
    assert await house.server.close() == []
    assert len(faults(caplog)) == 1
