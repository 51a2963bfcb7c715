"""A shutdown uses all the time it has to stop devices, and says truly which of them may still be running."""

from __future__ import annotations

import asyncio
import logging

import pytest

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import OutputArguments, OutputCmd
from buttplug.hardware.errors import HardwareError
from buttplug.server import ButtplugServer
from buttplug.server.server import SHUTDOWN_LIMIT
from buttplug.server.session import CloseCode
from tests.fakes.managers import FakeManager
from tests.server.conftest import BuildHouse, House, Talker, error_of

ZERO = [b"\xf1\x00", b"\xf2\x00"]


def vibrate(value: int) -> dict[str, OutputArguments]:
    return {"Vibrate": OutputArguments(value)}


async def running(build: BuildHouse, *names: str) -> tuple[House, Talker]:
    """Return a house whose first device runs, and the client that drives it."""
    house = await build(*(names or ("aneros",)))
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(5))
    return house, talker


async def test_a_stop_that_takes_nearly_all_the_time_there_is_counts(build: BuildHouse) -> None:
    house, _ = await running(build)
    house.simulated[0].write_delay = 0.8
    began = asyncio.get_running_loop().time()
    assert await house.server.close() == []
    assert house.sent()[1:] == ZERO
    assert 1.6 <= asyncio.get_running_loop().time() - began <= 2.0


async def test_a_stop_that_succeeds_at_its_second_try_counts(build: BuildHouse) -> None:
    house, _ = await running(build)
    device = house.simulated[0]
    device.write_delay = 1e6

    def answer_again() -> None:
        device.write_delay = 0.0

    asyncio.get_running_loop().call_later(0.5, answer_again)
    assert await house.server.close() == []
    assert sorted(house.sent()[1:]) == ZERO


async def test_a_device_that_never_confirms_is_named_when_the_time_is_over(build: BuildHouse) -> None:
    house, _ = await running(build, "aneros", "aneros")
    house.simulated[0].write_delay = 1e6
    began = asyncio.get_running_loop().time()
    (unstopped,) = await house.server.close()
    assert unstopped.startswith('Device 0 "Aneros Vivi"')
    assert SHUTDOWN_LIMIT <= asyncio.get_running_loop().time() - began <= 2.2


async def lose(house: House) -> None:
    """Have the first device lost while it runs, and see it come back slowly."""
    house.simulated[0].disconnect("out of range")
    await asyncio.sleep(1)


def slow_handshake(house: House, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    from buttplug.server.protocols.aneros import Aneros

    async def identify(hardware: object) -> None:
        await asyncio.sleep(seconds)

    monkeypatch.setattr(Aneros, "identify", identify)


async def test_a_device_that_was_lost_running_and_is_shaking_hands_is_stopped(
    build: BuildHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, _ = await running(build)
    await lose(house)
    slow_handshake(house, monkeypatch, 1.0)
    house.simulated[0].come_back()
    await asyncio.sleep(0.1)
    assert await house.server.close() == []
    assert house.sent()[1:] == ZERO


async def test_one_whose_handshake_takes_too_long_is_named(build: BuildHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house, _ = await running(build)
    await lose(house)
    slow_handshake(house, monkeypatch, 3.0)
    house.simulated[0].come_back()
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    (unstopped,) = await house.server.close()
    assert unstopped == 'Device 0 "Aneros Vivi" was lost while it may have been running, and could not be stopped since'
    assert asyncio.get_running_loop().time() - began <= 2.2


async def test_one_that_comes_back_while_others_are_being_stopped_is_stopped_too(build: BuildHouse) -> None:
    house, _ = await running(build, "aneros", "aneros")
    await lose(house)
    house.simulated[1].write_delay = 0.5
    closing = asyncio.create_task(house.server.close())
    await asyncio.sleep(0.1)
    house.simulated[0].come_back()
    assert await closing == []
    assert house.sent()[1:] == ZERO


async def test_one_whose_last_link_is_still_being_closed_when_it_is_back_is_stopped(
    build: BuildHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, _ = await running(build)
    hardware = house.simulated[0].hardware

    async def slow() -> None:
        await asyncio.sleep(0.5)

    monkeypatch.setattr(hardware, "disconnect", slow)
    house.simulated[0].disconnect("out of range")
    house.simulated[0].come_back()
    assert await house.server.close() == []
    assert house.sent()[1:] == ZERO


async def test_one_that_is_not_back_is_named(build: BuildHouse) -> None:
    house, _ = await running(build)
    await lose(house)
    began = asyncio.get_running_loop().time()
    (unstopped,) = await house.server.close()
    assert "was lost while it may have been running" in unstopped
    assert asyncio.get_running_loop().time() - began < 0.1


@pytest.mark.parametrize("how", ["never driven", "stopped", "set to zero"])
async def test_one_that_was_lost_at_rest_is_not_named(build: BuildHouse, how: str) -> None:
    house = await build("aneros")
    talker = await house.client()
    if how != "never driven":
        await talker.ask(OutputCmd, 0, 0, vibrate(5))
    if how == "stopped":
        assert await house.server.stop_all() == []
    elif how == "set to zero":
        await talker.ask(OutputCmd, 0, 0, vibrate(0))
    await lose(house)
    assert await house.server.close() == []


async def test_one_that_was_stopped_when_it_came_back_is_not_named_when_it_is_lost_again(build: BuildHouse) -> None:
    house, _ = await running(build)
    await lose(house)
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    await lose(house)
    assert await house.server.close() == []


async def test_one_that_was_lost_while_its_stop_failed_is_named(build: BuildHouse, silence: None) -> None:
    house, _ = await running(build)
    house.simulated[0].write_error = HardwareError("busy")
    assert len(await house.server.stop_all()) == 1
    await lose(house)
    assert len(await house.server.close()) == 1


async def test_one_that_was_lost_between_a_zero_and_its_replacement_is_named(build: BuildHouse) -> None:
    house, talker = await running(build)
    house.simulated[0].write_delay = 0.1
    first = talker.say(OutputCmd, 0, 0, vibrate(7))
    await asyncio.sleep(0.01)
    talker.say(OutputCmd, 0, 0, vibrate(0))
    last = talker.say(OutputCmd, 0, 0, vibrate(9))
    await talker.answer_to(first)
    await talker.answer_to(last)
    await lose(house)
    assert len(await house.server.close()) == 1


async def test_a_stroker_that_was_lost_after_its_move_is_not_named(build: BuildHouse) -> None:
    house = await build("tcode-v03")
    talker = await house.client()
    timed = {"HwPositionWithDuration": OutputArguments(999, 3000)}
    await talker.ask(OutputCmd, 0, 0, timed)
    await asyncio.sleep(4)
    await lose(house)
    assert await house.server.close() == []


async def test_one_that_was_lost_during_its_move_is_named(build: BuildHouse) -> None:
    house = await build("tcode-v03")
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, {"HwPositionWithDuration": OutputArguments(999, 3000)})
    await asyncio.sleep(1)
    await lose(house)
    assert len(await house.server.close()) == 1


async def test_while_paused_no_client_can_drive_and_afterwards_clients_can_come_again(build: BuildHouse) -> None:
    house, talker = await running(build)
    house.simulated[0].write_delay = 0.1
    pausing = asyncio.create_task(house.server.pause("a break"))
    await asyncio.sleep(0.05)
    assert error_of(await talker.ask(OutputCmd, 0, 0, vibrate(9)))[0] != 4
    assert await pausing == []
    assert talker.closed == (CloseCode.SHUTDOWN, "a break")
    house.simulated[0].write_delay = 0.0
    assert house.sent()[1:] == ZERO
    house.server.resume()
    again = await house.client()
    await again.ask(OutputCmd, 0, 0, vibrate(5))
    assert house.sent()[-1] == b"\xf1\x05"


async def test_a_server_that_was_closed_does_not_go_on_after_a_pause(build: BuildHouse) -> None:
    house, _ = await running(build)
    await house.server.pause("a break")
    await house.server.close()
    house.server.resume()
    assert not house.server.is_open


async def test_a_server_that_is_not_open_yet_does_not_go_on_after_a_pause() -> None:
    server = ButtplugServer()
    await server.pause("a break")
    server.resume()
    assert not server.is_open
    await server.close()


async def test_stops_begin_before_anything_else_gets_a_turn(build: BuildHouse, caplog: pytest.LogCaptureFixture) -> None:
    house, _ = await running(build)
    order: list[str] = []
    house.simulated[0].on_packet = lambda packet: order.append("stop")
    for _ in range(3):
        asyncio.get_running_loop().call_soon(order.append, "other")
    closing = asyncio.ensure_future(house.server.close())
    asyncio.get_running_loop().call_soon(order.append, "late")
    await closing
    assert order.index("stop") < 6
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_lost_device_that_comes_back_after_the_shutdown_is_left_alone(build: BuildHouse) -> None:
    house, _ = await running(build)
    house.simulated[0].disconnect()
    (unstopped,) = await house.server.close()
    assert "lost while it may have been running" in unstopped
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert not house.simulated[0].connected
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_server_that_is_closed_while_it_opens_leaves_no_bus_open() -> None:
    bus = FakeManager()
    bus.delays["open"] = 1.0
    server = ButtplugServer(managers=[bus])
    opening = asyncio.create_task(server.open())
    await asyncio.sleep(0.5)
    await server.close()
    await opening
    assert not server.is_open
    assert bus.calls == ["open", "close", "close"], "the second time it is open"


async def test_a_closed_server_is_not_opened_again() -> None:
    bus = FakeManager()
    server = ButtplugServer(managers=[bus])
    await server.open()
    await server.open()
    await server.close()
    with pytest.raises(ButtplugConnectorError, match="a closed server cannot be opened again: make another one"):
        await server.open()
    assert bus.calls == ["open", "close"]
