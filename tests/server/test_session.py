"""A session among others: the order of what is done and answered, lists of devices, and what clients do not share."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from buttplug.core.codec import Malformed
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import (
    DeviceList,
    Disconnect,
    Error,
    InputCmd,
    Ok,
    OutputArguments,
    OutputCmd,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ScanningFinished,
    ServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
)
from buttplug.server.server import MAKE_ROOM
from buttplug.server.session import REFUSAL_PAUSE, CloseCode, State
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok


def vibrate(level: int) -> dict[str, OutputArguments]:
    return {"Vibrate": OutputArguments(level)}


def output_frame(*levels: int) -> str:
    """Return a frame of commands for one motor, with ids from 100 on."""
    body = '{"OutputCmd":{"Id":%d,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":%d}}}}'
    return f"[{','.join(body % command for command in enumerate(levels, 100))}]"


@pytest.fixture
async def house(build: BuildHouse) -> House:
    return await build("aneros")


@pytest.fixture
async def talker(house: House) -> Talker:
    return await house.client()


# Order


async def test_of_a_hundred_commands_in_one_frame_the_last_value_wins_and_each_is_answered(
    house: House, talker: Talker
) -> None:
    talker.say_frame(output_frame(*range(1, 101)))
    for id_ in range(100, 200):
        assert is_ok(await talker.answer_to(id_))
    assert house.sent() == [b"\xf1\x64"]


async def test_of_a_hundred_frames_the_device_gets_rising_values_and_the_last_one(house: House, talker: Talker) -> None:
    house.simulated[0].write_delay = 0.005
    for level in range(1, 101):
        talker.say(OutputCmd, 0, 0, vibrate(level))
        await asyncio.sleep(0.001)
    await asyncio.sleep(1)
    levels = [data[1] for data in house.sent()]
    assert levels == sorted(levels)
    assert levels[-1] == 100
    assert sum(is_ok(message) for message in talker.heard) == 100


async def test_messages_of_one_frame_are_done_in_order(house: House, talker: Talker) -> None:
    talker.say_frame(
        '[{"OutputCmd":{"Id":2,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":1}}}},{"StopCmd":{"Id":3}},'
        '{"OutputCmd":{"Id":4,"DeviceIndex":0,"FeatureIndex":1,"Command":{"Vibrate":{"Value":2}}}}]'
    )
    await asyncio.sleep(1)
    assert house.sent() == [b"\xf1\x00", b"\xf2\x00", b"\xf2\x02"]
    assert sorted(message.id for message in talker.heard if is_ok(message)) == [2, 3, 4]


async def test_a_ping_and_a_list_never_wait_for_a_device(house: House, talker: Talker) -> None:
    house.simulated[0].write_delay = 1
    talker.say_frame(output_frame(1))
    talker.session.receive(Ping(5))
    talker.session.receive(RequestDeviceList(6))
    assert [(type(message), message.id) for message in talker.heard[-2:]] == [(Ok, 5), (DeviceList, 6)]


async def test_one_bad_message_of_a_frame_does_not_cost_the_others(house: House, talker: Talker) -> None:
    talker.say_frame('[{"Ping":{"Id":2}},7,{"Pong":{"Id":3}},{"Ping":{"Id":4}}]')
    assert [(type(message), message.id) for message in talker.heard[-4:]] == [(Ok, 2), (Error, 0), (Error, 3), (Ok, 4)]
    assert [error_of(message)[0] for message in talker.heard[-3:-1]] == [3, 3]


async def test_messages_with_the_same_id_are_each_answered(house: House, talker: Talker) -> None:
    for message in decode_client_frame('[{"Ping":{"Id":1}},{"Ping":{"Id":1}},{"StopCmd":{"Id":1}},{"StopCmd":{"Id":1}}]'):
        talker.session.receive(message)
    await asyncio.sleep(0.1)
    assert talker.heard[-4:] == [Ok(1)] * 4


@pytest.mark.parametrize("id_", [1, 4294967295])
async def test_any_id_is_returned_as_it_came(talker: Talker, id_: int) -> None:
    talker.session.receive(Ping(id_))
    assert talker.heard[-1] == Ok(id_)


async def test_a_fault_of_the_server_is_an_answer_too(
    house: House, talker: Talker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*fields: object) -> None:
        raise RuntimeError("a bug")

    device = house.server.devices.devices[0]
    monkeypatch.setattr(device, "output", fail)
    monkeypatch.setattr(device, "read", fail)
    monkeypatch.setattr(device, "_require_input", lambda *fields: None)
    for message in (OutputCmd(50, 0, 0, vibrate(1)), InputCmd(51, 0, 0, "Battery", "Read")):
        talker.session.receive(message)
        assert error_of(await talker.answer_to(message.id)) == (0, "the server failed: RuntimeError: a bug")
    assert "a bug" in caplog.text
    assert talker.session.state is State.CONNECTED


async def test_errors_without_an_id_are_told_with_id_0(talker: Talker) -> None:
    talker.say_malformed(Malformed("binary frames are not understood, send text"))
    assert talker.heard[-1] == Error(0, "binary frames are not understood, send text", 3)


# Lists of devices


async def test_the_list_is_a_reply_with_its_id_and_an_event_with_id_0(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    talker = await house.client()
    talker.session.receive(RequestDeviceList(42))
    assert isinstance(talker.heard[-1], DeviceList)
    assert (talker.heard[-1].id, talker.devices) == (42, [0, 1])
    house.simulated[0].disconnect()
    await asyncio.sleep(0.1)
    (event,) = talker.events(DeviceList)
    assert (event.id, sorted(event.devices)) == (0, [1])


async def test_asking_for_the_list_starts_no_scan(house: House, talker: Talker) -> None:
    await talker.ask(RequestDeviceList)
    assert not house.manager.scanning


@pytest.mark.parametrize("gap", [0, 0.01])
async def test_two_changes_in_a_row_are_two_lists_in_order(build: BuildHouse, gap: float) -> None:
    house = await build("aneros", "aneros", "aneros")
    talkers = [await house.client("one"), await house.client("two")]
    for index in (2, 0):
        house.simulated[index].disconnect()
        await asyncio.sleep(gap)
    await asyncio.sleep(0.1)
    for talker in talkers:
        lists = [sorted(event.devices) for event in talker.events(DeviceList)]
        assert lists[-1] == [1]
        assert lists in ([[0, 1], [1]], [[1], [1]])


async def test_two_devices_that_come_at_once_are_two_lists(build: BuildHouse) -> None:
    house = await build("aneros", "aneros")
    for device in house.simulated:
        device.disconnect()
    await asyncio.sleep(1)
    talker = await house.client()
    for device in house.simulated:
        device.come_back()
    await asyncio.sleep(1)
    lists = [sorted(event.devices) for event in talker.events(DeviceList)]
    assert lists[-1] == [0, 1]
    assert [len(devices) for devices in lists] == [1, 2]


async def test_a_device_replaced_under_its_index_is_told_as_gone_and_as_there_again(house: House, talker: Talker) -> None:
    house.simulated[0].disconnect()
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert [sorted(event.devices) for event in talker.events(DeviceList)] == [[], [0]]


async def test_the_loss_of_a_device_is_told_after_the_commands_that_failed_by_it(house: House, talker: Talker) -> None:
    house.simulated[0].write_delay = 1
    ids = [talker.say(OutputCmd, 0, feature, vibrate(5)) for feature in (0, 1)] + [talker.say(StopCmd)]
    await asyncio.sleep(0.1)
    house.simulated[0].disconnect("switched off")
    await asyncio.sleep(0.1)
    *answers, event = talker.heard[-4:]
    assert event == DeviceList(0, {})
    assert sorted(message.id for message in answers) == ids
    assert [error_of(message)[0] for message in answers if not is_ok(message)]


async def test_a_reply_is_never_older_than_an_event(house: House, talker: Talker) -> None:
    house.simulated[0].disconnect()
    talker.session.receive(RequestDeviceList(42))
    assert talker.heard[-1] == DeviceList(42, {})


# What clients do not share


async def test_each_client_has_its_own_ping(build: BuildHouse) -> None:
    house = await build("aneros", max_ping_time=500)
    silent, lively = await house.client("silent"), await house.client("lively")
    for _ in range(10):
        await asyncio.sleep(0.2)
        lively.session.receive(Ping(9))
    assert silent.session.state is State.PINGED_OUT
    assert lively.session.state is State.CONNECTED
    assert lively.events(Error) == []


async def test_answers_go_to_the_client_that_asked_and_to_nobody_else(house: House) -> None:
    one, two = await house.client("one"), await house.client("two")
    before = list(two.heard)
    for kind, fields in ((Ping, ()), (StopCmd, ()), (OutputCmd, (0, 0, vibrate(1))), (OutputCmd, (9, 0, vibrate(1)))):
        await one.ask(kind, *fields)
    assert two.heard == before


async def test_the_end_of_one_session_is_nothing_to_the_others(house: House) -> None:
    leaving, staying = await house.client("leaving"), await house.client("staying")
    await leaving.ask(Disconnect)
    assert is_ok(await staying.ask(Ping))
    assert house.server.sessions == {staying.session}


async def test_a_client_whose_messages_cannot_be_sent_is_ended_and_others_are_served(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = await house.client("broken"), await house.client("well")

    def fail(message: ServerMessage) -> None:
        raise RuntimeError("no way out")

    broken.session._replies._send = fail
    house.simulated[0].disconnect()
    await asyncio.sleep(0.1)
    assert well.devices == []
    assert broken.session.state is State.ENDED
    assert broken.closed is not None
    assert house.server.sessions == {well.session}
    assert 'Client "broken": DeviceList could not be sent' in caplog.text


async def test_a_client_that_cannot_be_told_that_its_output_runs_has_it_stopped(house: House) -> None:
    broken = await house.client("broken")
    device = house.simulated[0]

    def fail(message: ServerMessage) -> None:
        raise RuntimeError("no way out")

    broken.session._replies._send = fail
    broken.say(OutputCmd, 0, 0, vibrate(5))
    await asyncio.sleep(60)
    assert device.level("Vibrate") == 0
    assert [sent.level > 0 for sent in device.sent][:1] == [True], "it ran"


# How many


async def test_too_many_clients_are_refused_with_the_names_of_those_that_are_there(build: BuildHouse) -> None:
    house = await build("aneros", max_clients=3)
    first = await house.client("Player")
    for name in ("", ""):
        await house.client(name)
    late = Talker(house.server, "late")
    reason = f"3 clients connected: Player, one without a name, one without a name; {MAKE_ROOM}"
    assert error_of(await late.ask(RequestServerInfo, "late", 4, 0)) == (1, reason)
    await asyncio.sleep(REFUSAL_PAUSE + 0.1)
    assert late.closed == (CloseCode.TOO_MANY_CLIENTS, reason)
    await first.session.close("went")
    await house.client("next")


async def test_who_does_not_shake_hands_takes_no_place(build: BuildHouse) -> None:
    house = await build("aneros", max_clients=1)
    strangers = [Talker(house.server) for _ in range(100)]
    for stranger in strangers[:50]:
        stranger.say(RequestServerInfo, "new", 5, 0)
    client = await house.client("client")
    assert is_ok(await client.ask(OutputCmd, 0, 0, vibrate(9)))


async def test_a_client_that_waits_may_have_the_place_of_one_that_leaves(build: BuildHouse) -> None:
    house = await build("aneros", max_clients=1)
    first = await house.client("first")
    second = Talker(house.server, "second")
    error_of(await second.ask(RequestServerInfo, "second", 4, 0))
    await first.session.close("went")
    assert isinstance(await second.ask(RequestServerInfo, "second", 4, 0), ServerInfo)
    await asyncio.sleep(60)
    assert second.closed is None


async def test_who_comes_when_all_places_are_taken_and_says_nothing_is_told_after_a_pause(build: BuildHouse) -> None:
    house = await build("aneros", max_clients=1)
    await house.client("first")
    second = Talker(house.server)
    await asyncio.sleep(REFUSAL_PAUSE + 0.1)
    assert second.closed == (CloseCode.TOO_MANY_CLIENTS, f"1 clients connected: first; {MAKE_ROOM}")


async def test_a_place_is_free_as_soon_as_its_client_leaves(build: BuildHouse) -> None:
    house = await build("aneros", max_clients=1)
    first = await house.client("first")
    await first.ask(OutputCmd, 0, 0, vibrate(9))
    house.simulated[0].write_delay = 0.5
    end = asyncio.create_task(first.session.close("gone"))
    await asyncio.sleep(0.1)
    assert not end.done()
    second = await house.client("second")
    await end
    assert isinstance(second.heard[0], ServerInfo)


# What a thousand clients leave behind


async def test_sessions_leave_nothing_behind(house: House) -> None:
    def tasks() -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks() if not task.get_name().startswith("Task-")}

    async def come_and_go(number: int) -> None:
        talker = Talker(house.server, f"client {number}")
        for kind, fields in (
            (RequestServerInfo, ("x", 4, 0)),
            (OutputCmd, (0, 0, vibrate(number % 100))),
            (InputCmd, (0, 0, "Battery", "Read")),
            (StartScanning, ()),
        ):
            talker.say(kind, *fields)
        if number % 2:
            await asyncio.sleep(0.001)
        await talker.session.close("gone")

    await come_and_go(0)
    await asyncio.sleep(1)
    before, count = tasks(), len(asyncio.all_tasks())
    for number in itertools.islice(itertools.count(1), 100):
        await come_and_go(number)
    await asyncio.sleep(1)
    assert (tasks(), len(asyncio.all_tasks())) == (before, count)
    assert house.server.sessions == set()
    assert house.server._tasks == set()
    device = house.server.devices.devices[0]
    assert device.drivers == {}
    assert not any(device._sensors._listeners.values())
    assert house.server.devices.scans.clients == {}


async def test_scanning_finished_goes_to_the_client_that_scans(house: House) -> None:
    scanning, waiting = await house.client("scanning"), await house.client("waiting")
    await scanning.ask(StartScanning)
    await asyncio.sleep(1)
    assert (len(scanning.events(ScanningFinished)), waiting.events(ScanningFinished)) == (1, [])
