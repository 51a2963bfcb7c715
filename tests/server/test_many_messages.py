"""A client that sends more than it should: each message is answered, little of it is kept, and every stop is obeyed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buttplug.core.messages import (
    DeviceList,
    Error,
    InputCmd,
    OutputArguments,
    OutputCmd,
    Ping,
    RequestDeviceList,
    ScanningFinished,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.hardware.errors import HardwareError
from buttplug.server.replies import MAX_TASKS, MAX_UNANSWERED
from tests.fakes.families import EVERYTHING, Family, install
from tests.fakes.protocols import Sensing
from tests.server.conftest import BuildHouse, House, error_of, is_ok

BATTERY, PRESSURE = 9, 10
ZEROS = [b"\xf1\x00", b"\xf2\x00"]
MANY = 4096


def vibrate(level: int) -> dict[str, OutputArguments]:
    return {"Vibrate": OutputArguments(level)}


@pytest.fixture
async def house(build: BuildHouse) -> House:
    return await build("aneros")


@pytest.fixture
async def sensing(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    """A house whose device never answers what its sensors are asked, but the first subscription."""
    house = await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": Family(Sensing, EVERYTHING)}))

    async def hang(endpoint: str) -> bytes:
        await asyncio.sleep(1e9)
        return b""

    async def answer_once(endpoint: str) -> None:
        monkeypatch.setattr(house.simulated[0].hardware, "subscribe", hang)

    monkeypatch.setattr(house.simulated[0].hardware, "subscribe", answer_once)
    for question in ("read", "unsubscribe"):
        monkeypatch.setattr(house.simulated[0].hardware, question, hang)
    return house


# Stops


async def test_equal_stops_share_their_work_and_each_is_answered(house: House) -> None:
    talker = await house.client()
    house.simulated[0].write_delay = 0.1
    tasks = len(asyncio.all_tasks())
    ids = [talker.say(StopCmd) for _ in range(1000)]
    assert len(asyncio.all_tasks()) - tasks < 10
    for id_ in ids:
        assert is_ok(await talker.answer_to(id_))
    assert house.sent() == ZEROS


async def test_stops_of_different_targets_are_each_obeyed(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    for target in ((), (0,), (0, 0), (1, 1), (), (0,)):
        talker.say(StopCmd, *target)
    await asyncio.sleep(1)
    assert all(is_ok(message) for message in talker.heard[-6:])
    assert set(house.sent(0)) == set(house.sent(1)) == set(ZEROS)


@pytest.mark.parametrize("target", [(), (0,), (0, 0)])
@pytest.mark.parametrize("same_client", [True, False])
async def test_a_stop_does_not_share_the_work_of_one_before_a_command(
    house: House, target: tuple[int, ...], same_client: bool
) -> None:
    talker, other = await house.client("talker"), await house.client("other")
    house.simulated[0].write_delay = 0.1
    first = talker.say(StopCmd, *target)
    await asyncio.sleep(0.05)
    (talker if same_client else other).session.receive(OutputCmd(900, 0, 0, vibrate(9)))
    second = talker.say(StopCmd, *target)
    assert is_ok(await talker.answer_to(first))
    await asyncio.sleep(5)
    assert is_ok(await talker.answer_to(second))
    assert house.sent()[-len(ZEROS[: 2 - (target == (0, 0))]) :] == ZEROS[: 2 - (target == (0, 0))]
    assert house.server.devices.devices[0].drivers == {}


async def test_a_stop_behind_a_finished_one_is_written_again(house: House) -> None:
    talker = await house.client()
    for _ in range(3):
        assert is_ok(await talker.ask(StopCmd))
    assert house.sent() == ZEROS * 3


async def test_stops_that_share_a_failure_are_each_told_it(house: House) -> None:
    talker = await house.client()
    house.simulated[0].write_delay = 0.1
    house.simulated[0].write_error = HardwareError("the battery is empty")
    ids = [talker.say(StopCmd) for _ in range(100)]
    for id_ in ids:
        code, text = error_of(await talker.answer_to(id_))
        assert code == 4
        assert "the battery is empty" in text


async def test_a_stop_of_a_device_that_came_after_another_stop_began_reaches_it(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    house.simulated[1].disconnect()
    await asyncio.sleep(1)
    house.simulated[0].write_delay = 0.4
    talker.say(StopCmd)
    house.simulated[1].come_back()
    await asyncio.sleep(0.2)
    house.simulated[1].packets.clear()
    assert is_ok(await talker.ask(StopCmd))
    assert house.sent(1) == ZEROS


async def test_of_too_many_stops_each_is_obeyed_and_each_is_answered(house: House) -> None:
    talker, driving = await house.client("talker"), await house.client("driving")
    house.simulated[0].write_delay = 0.3
    driving.say(OutputCmd, 0, 0, vibrate(9))
    await asyncio.sleep(0.1)
    ids = [talker.say(StopCmd) for _ in range(MANY)]
    refused = [message for message in talker.heard if isinstance(message, Error)]
    assert len(refused) == MANY - MAX_UNANSWERED
    assert refused[0].error_message.startswith("the stop is under way, but too many messages")
    driving.say(OutputCmd, 0, 1, vibrate(9))
    late = talker.say(StopCmd)
    assert not is_ok(await talker.answer_to(late))
    await asyncio.sleep(5)
    assert sorted(message.id for message in talker.heard[1:]) == [*ids, late]
    assert house.sent()[-2:] == ZEROS
    assert is_ok(await talker.ask(Ping))


async def test_stops_of_a_hung_device_keep_little(house: House) -> None:
    talker = await house.client()
    house.simulated[0].write_delay = 1e6
    tasks = len(asyncio.all_tasks())
    for _ in range(20):
        for _ in range(MANY):
            talker.say(StopCmd)
        await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) - tasks < 10
    assert talker.session._replies.unanswered == MAX_UNANSWERED
    assert len(talker.session._stops._under_way) == 1


async def test_of_stops_and_commands_by_turns_to_a_hung_device_little_is_kept_and_the_last_word_counts(house: House) -> None:
    talker = await house.client()
    house.simulated[0].write_delay = 1e6
    for _ in range(MANY):
        talker.say(OutputCmd, 0, 0, vibrate(9))
        talker.say(StopCmd)
        talker.say(StopCmd, None, 0)  # It is refused, and stops all the same.
    waiting = house.server.devices.devices[0]._pacer._machine._owed.dones
    assert len(waiting) <= MAX_UNANSWERED
    assert len(talker.session._stops._under_way) <= MAX_UNANSWERED
    house.simulated[0].write_delay = 0.0
    await asyncio.sleep(60)
    assert house.sent()[-2:] == ZEROS
    assert sorted(message.id for message in talker.heard) == list(range(1, 3 * MANY + 2))
    assert talker.session._replies.unanswered == 0
    assert is_ok(await talker.ask(StopCmd))


async def test_a_stop_is_not_answered_before_one_behind_it_that_another_client_asked_for(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker, other = await house.client("talker"), await house.client("other")
    house.simulated[1].write_delay = 1
    talker.say(StopCmd)
    await asyncio.sleep(0.1)
    await other.ask(OutputCmd, 0, 0, vibrate(9))
    house.simulated[0].write_delay = 3
    other.say(StopCmd, 0)
    await asyncio.sleep(0.1)
    second = talker.say(StopCmd)
    await asyncio.sleep(2.5)
    assert second not in [message.id for message in talker.heard]
    assert is_ok(await talker.answer_to(second))
    assert house.sent(0)[-2:] == ZEROS


# Everything else


@pytest.mark.parametrize(
    "question",
    [
        InputCmd(1, 0, BATTERY, "Battery", "Read"),
        InputCmd(1, 0, PRESSURE, "Pressure", "Subscribe"),
        InputCmd(1, 0, PRESSURE, "Pressure", "Unsubscribe"),
    ],
    ids=lambda message: message.command,
)
async def test_messages_that_wait_are_limited_and_the_others_are_told_so(sensing: House, question: InputCmd) -> None:
    talker = await sensing.client()
    await asyncio.sleep(1)
    tasks = len(asyncio.all_tasks())
    if question.command == "Unsubscribe":
        # That something is to be unsubscribed from.
        talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    ids = [
        talker.say(InputCmd, question.device_index, question.feature_index, question.type, question.command)
        for _ in range(MANY)
    ]
    assert len(asyncio.all_tasks()) - tasks <= MAX_TASKS
    refused = [error_of(message) for message in talker.heard if isinstance(message, Error)]
    assert len(refused) >= MANY - MAX_TASKS
    assert set(refused) == {(0, f"{MAX_TASKS} messages of this client wait for their answers: wait for these, then send more")}
    stop = talker.say(StopCmd)
    await asyncio.sleep(0.01)
    assert is_ok(await talker.answer_to(stop))
    await asyncio.sleep(3600)
    answered = [message.id for message in talker.heard]
    assert len(answered) == len(set(answered))
    assert set(answered) >= set(ids)
    assert talker.session._replies.unanswered == 0
    assert len(asyncio.all_tasks()) == tasks


async def test_scans_that_wait_are_limited_and_the_last_word_counts(house: House) -> None:
    talker = await house.client()
    for _ in range(MANY):
        talker.say(StartScanning)
        talker.say(StopScanning)
    assert len(asyncio.all_tasks()) < MAX_TASKS + 20
    await asyncio.sleep(60)
    answers = [message.id for message in talker.heard if not isinstance(message, ScanningFinished)]
    assert sorted(answers) == list(range(1, 2 * MANY + 2))
    assert not house.manager.scanning
    assert is_ok(await talker.ask(StartScanning))


async def test_commands_that_wait_are_limited(build: BuildHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buttplug.server.replies.MAX_UNANSWERED", 3)
    house = await build("aneros", "aneros", "aneros")
    for device in house.simulated:
        device.write_delay = 1
    talker = await house.client()
    ids = [talker.say(OutputCmd, device, feature, vibrate(9)) for device in range(3) for feature in range(2)]
    refused = [message.id for message in talker.heard if isinstance(message, Error)]
    assert refused == ids[3:]
    assert is_ok(await talker.ask(Ping))
    await asyncio.sleep(10)
    assert is_ok(await talker.ask(OutputCmd, 2, 0, vibrate(9)))
    assert talker.session._replies.unanswered == 0


async def test_what_is_refused_waits_for_nothing(house: House) -> None:
    talker = await house.client()
    for _ in range(2 * MAX_UNANSWERED):
        for fields in (
            (9, 0, vibrate(1)),
            (0, 9, vibrate(1)),
            (0, 0, vibrate(128)),
            (0, 0, {}),
            (0, 0, {"X": OutputArguments(1)}),
        ):
            talker.say(OutputCmd, *fields)
        talker.say(StopCmd, 9)
        talker.say(InputCmd, 9, 0, "Battery", "Read")
        talker.say(InputCmd, 0, 0, "Battery", "Look")
    assert talker.session._replies.unanswered == 0
    assert is_ok(await talker.ask(OutputCmd, 0, 0, vibrate(1)))


async def test_what_one_client_lets_wait_is_nothing_to_another(sensing: House) -> None:
    greedy, modest = await sensing.client("greedy"), await sensing.client("modest")
    for _ in range(MANY):
        greedy.say(InputCmd, 0, BATTERY, "Battery", "Read")
    assert is_ok(await modest.ask(OutputCmd, 0, 0, vibrate(5)))
    assert isinstance(await modest.ask(RequestDeviceList), DeviceList)
    assert is_ok(await modest.ask(StopCmd))


# Sensors do not keep a stop


async def test_of_stops_and_subscriptions_by_turns_little_is_kept(sensing: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(endpoint: str) -> None:
        pass

    talker = await sensing.client()
    monkeypatch.setattr(sensing.simulated[0].hardware, "subscribe", answer)
    sensing.simulated[0].write_delay = 1e6
    tasks = len(asyncio.all_tasks())
    for _ in range(500):
        subscribed = talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
        await asyncio.sleep(0)
        talker.say(StopCmd)
        assert is_ok(await talker.answer_to(subscribed))
    assert len(asyncio.all_tasks()) - tasks < 10


@pytest.mark.parametrize("device", [None, 0])
async def test_a_stop_is_answered_when_the_outputs_are_stopped_however_long_the_sensors_take(
    sensing: House, device: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    talker = await sensing.client()
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.1)
    await talker.ask(OutputCmd, 0, 0, vibrate(5))
    began = asyncio.get_running_loop().time()
    assert is_ok(await talker.ask(StopCmd, device))
    assert asyncio.get_running_loop().time() - began < 0.1
    assert sensing.sent()[-1].endswith(b" 0")
    await asyncio.sleep(60)
    assert 'Client "talker": Device 0 "Toy", feature 10: Pressure was not' in caplog.text


async def test_a_client_that_disconnects_is_answered_when_the_outputs_are_stopped(sensing: House) -> None:
    talker = await sensing.client()
    talker.say(InputCmd, 0, PRESSURE, "Pressure", "Subscribe")
    await asyncio.sleep(0.1)
    await talker.ask(OutputCmd, 0, 0, vibrate(5))
    await talker.session.close("gone")
    assert sensing.sent()[-1].endswith(b" 0")
    await asyncio.sleep(60)
    assert sensing.server._tasks == set()
