"""A client that is lost, by whatever way, leaves no motor running; and it takes nothing from the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from buttplug.core.messages import (
    Disconnect,
    Error,
    OutputArguments,
    OutputCmd,
    Ping,
    ServerMessage,
    StopCmd,
)
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.session import CloseCode
from tests.fakes.clock import VirtualTimeLoop
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

ZERO = {0: b"\xf1\x00", 1: b"\xf2\x00"}


def vibrate(level: int) -> dict[str, OutputArguments]:
    return {"Vibrate": OutputArguments(level)}


async def close(house: House, talker: Talker) -> None:
    await talker.session.close("its socket is dead")


async def disconnect(house: House, talker: Talker) -> None:
    await talker.ask(Disconnect)


async def miss_the_ping(house: House, talker: Talker) -> None:
    await asyncio.sleep(1.0)


async def break_the_connection(house: House, talker: Talker) -> None:
    def broken(message: ServerMessage) -> None:
        raise RuntimeError("the callback of a program")

    talker.session._replies._send = broken
    talker.say(Ping)
    await asyncio.sleep(0.1)


async def be_cancelled_while_closing(house: House, talker: Talker) -> None:
    house.simulated[0].write_delay = 0.5
    task = asyncio.create_task(talker.session.close("cancelled"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(2)


async def shut_the_server_down(house: House, talker: Talker) -> None:
    await house.server.close()


WAYS = [close, disconnect, miss_the_ping, break_the_connection, be_cancelled_while_closing]


@pytest.mark.parametrize("lose", [*WAYS, shut_the_server_down])
async def test_every_way_to_lose_a_client_stops_what_it_drives(
    build: BuildHouse, lose: Callable[[House, Talker], Awaitable[None]]
) -> None:
    house = await build("aneros", max_ping_time=500)
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(64))
    await talker.ask(OutputCmd, 0, 1, vibrate(65))
    await lose(house, talker)
    assert house.sent() == [b"\xf1\x40", b"\xf2\x41", ZERO[0], ZERO[1]]


@pytest.mark.parametrize("lose", WAYS)
async def test_losing_a_client_stops_only_what_it_drove_last(
    build: BuildHouse, lose: Callable[[House, Talker], Awaitable[None]]
) -> None:
    house = await build("aneros", "aneros", max_ping_time=500)
    leaving, staying = await house.client("leaving"), await house.client("staying")
    pings = asyncio.create_task(keep_pinging(staying))
    await leaving.ask(OutputCmd, 0, 0, vibrate(1))
    await leaving.ask(OutputCmd, 0, 1, vibrate(2))
    await staying.ask(OutputCmd, 0, 1, vibrate(3))
    await staying.ask(OutputCmd, 1, 0, vibrate(4))
    await lose(house, leaving)
    pings.cancel()
    assert house.sent(0) == [b"\xf1\x01", b"\xf2\x02", b"\xf2\x03", ZERO[0]]
    assert house.sent(1) == [b"\xf1\x04"]


@pytest.mark.parametrize("first_to_go", [0, 1])
async def test_a_command_that_failed_leaves_no_motor_to_a_client_that_knows_nothing_of_it(
    build: BuildHouse, first_to_go: int
) -> None:
    house = await build("aneros")
    talkers = [await house.client("driving"), await house.client("failing")]
    await talkers[0].ask(OutputCmd, 0, 0, vibrate(9))
    house.simulated[0].write_error = HardwareError("no luck")
    error_of(await talkers[1].ask(OutputCmd, 0, 0, vibrate(3)))
    house.simulated[0].write_error = None
    await talkers[first_to_go].session.close("gone")
    assert house.sent() == [b"\xf1\x09", ZERO[0]]


@pytest.mark.parametrize("replaced", [False, True])
async def test_what_a_client_left_running_is_stopped_when_the_command_that_was_to_replace_it_fails(
    build: BuildHouse, replaced: bool
) -> None:
    house = await build("aneros")
    leaving, failing = await house.client("leaving"), await house.client("failing")
    await leaving.ask(OutputCmd, 0, 0, vibrate(9))
    await leaving.ask(OutputCmd, 0, 1, vibrate(9))
    await failing.ask(OutputCmd, 0, 1, vibrate(5))
    house.simulated[0].write_delay = 0.5
    house.simulated[0].write_error = HardwareError("no luck")
    last = failing.say(OutputCmd, 0, 0, vibrate(3))
    await asyncio.sleep(0.1)
    await leaving.session.close("gone")
    if replaced:
        failing.say(OutputCmd, 0, 0, vibrate(4))
        last = failing.say(OutputCmd, 0, 0, vibrate(5))
    error_of(await failing.answer_to(last))
    house.simulated[0].write_error, house.simulated[0].write_delay = None, 0.0
    await asyncio.sleep(3)
    assert house.sent() == [b"\xf1\x09", b"\xf2\x09", b"\xf2\x05", ZERO[0]]


async def test_a_command_that_fails_later_stops_nothing_of_its_client_for_another_that_has_gone(build: BuildHouse) -> None:
    house = await build("aneros")
    leaving, staying = await house.client("leaving"), await house.client("staying")
    house.simulated[0].write_delay = 0.5
    first = staying.say(OutputCmd, 0, 0, vibrate(3))
    await asyncio.sleep(0.1)
    await leaving.session.close("gone")
    await staying.answer_to(first)
    house.simulated[0].write_error = HardwareError("no luck")
    error_of(await staying.ask(OutputCmd, 0, 0, vibrate(4)))
    house.simulated[0].write_error = None
    await asyncio.sleep(3)
    assert house.sent() == [b"\xf1\x03"]


async def test_who_never_shook_hands_leaves_without_stopping_anything_and_is_not_kept_by_a_stuck_device(
    build: BuildHouse,
) -> None:
    house = await build("aneros")
    talker = await house.client("driving")
    await talker.ask(OutputCmd, 0, 0, vibrate(9))
    house.simulated[0].write_delay = 1e6
    error_of(await talker.ask(OutputCmd, 0, 0, vibrate(3)))
    stranger = Talker(house.server, "stranger")
    began = asyncio.get_running_loop().time()
    await stranger.session.close("gone")
    assert asyncio.get_running_loop().time() - began < 0.1
    house.simulated[0].write_delay = 0.0
    await asyncio.sleep(3)
    assert house.sent() == [b"\xf1\x09"]


async def keep_pinging(talker: Talker) -> None:
    while True:
        talker.say(Ping)
        await asyncio.sleep(0.2)


async def test_a_client_that_stopped_its_devices_itself_leaves_without_another_packet(build: BuildHouse) -> None:
    house = await build("aneros")
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(64))
    await talker.ask(StopCmd)
    count = len(house.sent())
    await talker.session.close("done")
    assert len(house.sent()) == count


async def test_a_stop_of_another_client_stops_it_and_drops_what_waited(build: BuildHouse) -> None:
    house = await build("aneros")
    driving, stopping = await house.client("driving"), await house.client("stopping")
    house.simulated[0].write_delay = 0.2
    first = driving.say(OutputCmd, 0, 0, vibrate(10))
    await asyncio.sleep(0.1)
    second = driving.say(OutputCmd, 0, 0, vibrate(20))
    assert is_ok(await stopping.ask(StopCmd, 0))
    assert is_ok(await driving.answer_to(first))
    assert is_ok(await driving.answer_to(second))
    await asyncio.sleep(10)
    assert house.sent() == [b"\xf1\x0a", ZERO[0], ZERO[1]]


async def test_a_stop_is_answered_behind_its_zero_and_never_waits_behind_another_device(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    stuck, quick = house.simulated
    stuck.write_delay = 1e6
    talker.say(OutputCmd, 0, 0, vibrate(10))
    await talker.ask(OutputCmd, 1, 0, vibrate(11))
    stop = talker.say(StopCmd)
    await asyncio.sleep(0.01)
    assert [packet.data for packet in quick.packets] == [b"\xf1\x0b", ZERO[0], ZERO[1]]
    code, text = error_of(await talker.answer_to(stop))
    assert code == 4
    assert 'Device 0 "Aneros Vivi"' in text


@pytest.mark.parametrize(
    ("target", "stopped"),
    [
        ((), {0: [ZERO[0], ZERO[1]], 1: [ZERO[0], ZERO[1]]}),
        ((1,), {0: [], 1: [ZERO[0], ZERO[1]]}),
        ((1, 1), {0: [], 1: [ZERO[1]]}),
    ],
)
async def test_a_stop_stops_what_it_names_and_nothing_else(
    build: BuildHouse, target: tuple[int | None, ...], stopped: dict[int, list[bytes]]
) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    assert is_ok(await talker.ask(StopCmd, *target))
    assert {0: house.sent(0), 1: house.sent(1)} == stopped


@pytest.mark.parametrize(
    ("target", "words"),
    [((7,), "Device 7 is not connected"), ((0, 9), "no feature 9"), ((0, 9, True, False), "no feature 9")],
)
async def test_a_stop_of_something_unknown_is_an_error(build: BuildHouse, target: tuple[object, ...], words: str) -> None:
    house = await build("aneros")
    code, text = error_of(await (await house.client()).ask(StopCmd, *target))
    assert code == 4
    assert words in text


async def test_a_feature_without_a_device_is_refused_and_everything_stops_all_the_same(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    assert is_ok(await talker.ask(OutputCmd, 1, 0, vibrate(64)))
    code, text = error_of(await talker.ask(StopCmd, None, 1))
    assert (code, text) == (3, "StopCmd: FeatureIndex needs a DeviceIndex; without one no output goes on")
    await asyncio.sleep(0.1)
    assert {index: set(house.sent(index)[-2:]) for index in (0, 1)} == {0: set(ZERO.values()), 1: set(ZERO.values())}
    sent = len(house.sent())
    assert error_of(await talker.ask(StopCmd, None, 1, True, False))[0] == 3
    assert len(house.sent()) == sent


async def test_a_stop_of_nothing_does_nothing(build: BuildHouse) -> None:
    house = await build("aneros")
    assert is_ok(await (await house.client()).ask(StopCmd, 0, inputs=False, outputs=False))
    assert house.sent() == []


async def test_a_failing_stop_is_told(build: BuildHouse) -> None:
    house = await build("aneros")
    talker = await house.client()
    house.simulated[0].write_error = HardwareError("the battery is empty")
    code, text = error_of(await talker.ask(StopCmd, 0))
    assert code == 4
    assert "the battery is empty" in text


async def test_a_session_whose_devices_take_no_stop_ends_all_the_same_and_that_is_told(
    build: BuildHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build("aneros")
    talker = await house.client("Ada")
    await talker.ask(OutputCmd, 0, 0, vibrate(64))
    house.simulated[0].write_delay = 1e9
    began = asyncio.get_running_loop().time()
    await talker.session.close("gone")
    assert asyncio.get_running_loop().time() - began == 5
    assert 'Client "Ada" has left: not everything it drove was stopped within 5 s' in caplog.text
    house.simulated[0].write_delay = 0.0
    await asyncio.sleep(12)
    assert house.sent() == [b"\xf1\x40", ZERO[0]]


async def test_a_missed_ping_stops_first_then_tells_then_closes(build: BuildHouse) -> None:
    house = await build("aneros", max_ping_time=500)
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(64))
    order: list[str] = []
    house.simulated[0].on_packet = lambda packet: order.append("stop")
    talker.session._replies._send = lambda message: order.append(type(message).__name__)
    await asyncio.sleep(0.6)
    assert order == ["stop", Error.__name__]
    assert talker.closed is not None
    assert talker.closed[0] is CloseCode.PING_MISSED


async def test_after_a_missed_ping_every_message_is_refused_with_a_ping_error(build: BuildHouse) -> None:
    house = await build("aneros", max_ping_time=500)
    talker = await house.client()
    await asyncio.sleep(0.6)
    assert error_of(talker.events(Error)[0])[0] == 2
    assert error_of(await talker.ask(Ping))[0] == 2
    assert error_of(await talker.ask(OutputCmd, 9, 0, vibrate(1)))[0] == 2


async def test_the_ping_is_due_exactly_one_interval_after_the_last_one(build: BuildHouse) -> None:
    house = await build("aneros", max_ping_time=500)
    talker = await house.client()
    await asyncio.sleep(0.49)
    assert is_ok(await talker.ask(Ping))
    await asyncio.sleep(0.48)
    assert talker.closed is None
    await asyncio.sleep(0.03)
    assert talker.closed is not None


async def test_a_ping_that_came_while_the_server_was_held_up_counts(build: BuildHouse) -> None:
    house = await build("aneros", max_ping_time=500)
    talker = await house.client()
    loop = asyncio.get_running_loop()

    def on_its_way(turns: int) -> None:
        # From the socket to the session a message takes a few turns of the loop.
        if turns:
            loop.call_soon(on_its_way, turns - 1)
        else:
            talker.say(Ping)

    loop.call_later(0.5, on_its_way, 8)
    await asyncio.sleep(0.9)
    assert talker.closed is None


async def test_no_ping_is_due_before_the_handshake_or_without_a_limit(build: BuildHouse) -> None:
    limited, unlimited = await build("aneros", max_ping_time=500), await build("aneros")
    early, patient = Talker(limited.server), await unlimited.client()
    await asyncio.sleep(3600)
    assert early.closed is None
    assert patient.closed is None
    assert is_ok(await patient.ask(Ping))


async def test_shutdown_stops_devices_before_it_closes_anything(build: BuildHouse) -> None:
    house = await build("aneros")
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(64))
    states: list[tuple[bool, bool]] = []
    house.simulated[0].on_packet = lambda packet: states.append((house.simulated[0].connected, talker.closed is None))
    assert await house.server.close() == []
    assert states == [(True, True), (True, True)]
    assert not house.simulated[0].connected
    assert talker.closed is not None
    assert talker.closed[0] is CloseCode.SHUTDOWN


async def test_shutdown_is_bounded_and_names_the_device_that_did_not_stop(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    await talker.ask(OutputCmd, 1, 0, vibrate(64))
    house.simulated[0].write_delay = 1e6
    talker.say(OutputCmd, 0, 0, vibrate(64))
    await asyncio.sleep(0.01)
    began = asyncio.get_running_loop().time()
    (unstopped,) = await house.server.close()
    assert asyncio.get_running_loop().time() - began <= 2.0
    assert 'Device 0 "Aneros Vivi"' in unstopped
    assert house.sent(1)[1:] == [ZERO[0], ZERO[1]]


@pytest.mark.parametrize("delay", [0.0, 0.2])
@pytest.mark.parametrize("in_background", [True, False])
def test_a_program_that_ends_without_closing_its_server_leaves_no_motor_running(
    bundled: DeviceConfiguration, caplog: pytest.LogCaptureFixture, in_background: bool, delay: float
) -> None:
    house = House(bundled, "aneros")

    async def serve() -> None:
        async with house.server:
            await asyncio.Event().wait()

    async def program() -> asyncio.Task[None] | None:
        task = asyncio.create_task(serve()) if in_background else None
        await asyncio.sleep(0)
        await house.open()
        talker = await house.client()
        house.simulated[0].write_delay = delay
        await talker.ask(OutputCmd, 0, 0, vibrate(64))
        talker.say(OutputCmd, 0, 1, vibrate(65))
        await asyncio.sleep(0.1)
        return task

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(program())
    assert house.sent()[-2:] == [ZERO[0], ZERO[1]]
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_server_that_shuts_down_accepts_no_more_outputs(build: BuildHouse) -> None:
    house = await build("aneros")
    talker = await house.client()
    house.simulated[0].write_delay = 0.1
    closing = asyncio.create_task(house.server.close())
    await asyncio.sleep(0.05)
    code, text = error_of(await talker.ask(OutputCmd, 0, 0, vibrate(64)))
    await closing
    assert (code, text) == (0, "the server is shutting down")
    assert house.sent() == [ZERO[0], ZERO[1]]


async def test_a_timed_move_halts_where_it_is_when_its_client_goes(build: BuildHouse) -> None:
    house = await build("tcode-v03")
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, {"HwPositionWithDuration": OutputArguments(999, 10_000)})
    await asyncio.sleep(5)
    await talker.session.close("gone")
    assert house.sent() == [b"L0999I10000\n", b"DSTOP\n"]


async def test_a_device_that_goes_fails_what_is_pending_and_tells_every_client(build: BuildHouse) -> None:
    house = await build("aneros")
    driving, watching = await house.client("driving"), await house.client("watching")
    device: SimulatedDevice = house.simulated[0]
    device.write_delay = 1.0
    pending = driving.say(OutputCmd, 0, 0, vibrate(10))
    await asyncio.sleep(0.5)
    device.disconnect("switched off")
    code, text = error_of(await driving.answer_to(pending))
    assert code == 4
    assert "switched off" in text
    await asyncio.sleep(0.1)
    assert driving.devices == watching.devices == []
    assert error_of(await driving.ask(OutputCmd, 0, 0, vibrate(10)))[0] == 4


async def test_a_device_that_comes_back_has_its_index_again_and_is_stopped_since_nobody_drives_it(build: BuildHouse) -> None:
    house = await build("aneros", "lovense")
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, vibrate(5))
    house.simulated[0].disconnect()
    await asyncio.sleep(1)
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert talker.devices == [0, 1]
    assert [sorted(event.devices) for event in talker.events(type(talker.heard[-1]))][-2:] == [[1], [0, 1]]  # type: ignore[attr-defined]
    assert house.sent() == [b"\xf1\x05", ZERO[0], ZERO[1]]


async def test_a_device_that_is_found_while_the_server_shuts_down_is_left_alone(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    house.simulated[0].disconnect()
    await asyncio.sleep(1)
    house.simulated[1].write_delay = 0.3
    last_link = house.simulated[0].hardware
    closing = asyncio.create_task(house.server.close())
    await asyncio.sleep(0.1)
    house.simulated[0].come_back()
    await closing
    assert house.simulated[0].hardware is last_link
    assert house.sent(1) == [ZERO[0], ZERO[1]]
