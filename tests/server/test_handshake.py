"""How a session begins and ends: which message is answered how in which state, and which clients are served."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec import structs

from buttplug.core.codec import Malformed
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import (
    ClientMessage,
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
    ServerInfo,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.server import ButtplugServer
from buttplug.server.session import REFUSAL_PAUSE, CloseCode, State
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

EVERYTHING: list[ClientMessage] = [
    Ping(7),
    Disconnect(7),
    StartScanning(7),
    StopScanning(7),
    RequestDeviceList(7),
    OutputCmd(7, 0, 0, {"Vibrate": OutputArguments(5)}),
    OutputCmd(7, 99, 0, {"Vibrate": OutputArguments(5)}),
    InputCmd(7, 99, 0, "Battery", "Read"),
    StopCmd(7),
    StopCmd(7, 99),
]
HELLO = RequestServerInfo(7, "again", 4, 0)


@pytest.fixture
async def house(build: BuildHouse) -> House:
    return await build("aneros", max_ping_time=500)


async def disconnect(talker: Talker) -> None:
    await talker.ask(Disconnect)


async def close(talker: Talker) -> None:
    await talker.session.close("its socket is dead")


async def miss_the_ping(talker: Talker) -> None:
    await asyncio.sleep(1)


# Waiting


async def test_the_handshake_is_answered_with_name_version_and_ping_time(house: House) -> None:
    talker = Talker(house.server)
    assert await talker.ask(RequestServerInfo, "me", 4, 0) == ServerInfo(1, "house", 500, 4, 0)
    assert talker.session.state is State.CONNECTED


@pytest.mark.parametrize("minor", [None, 0, 1, 4294967295])
async def test_the_minor_version_of_the_client_changes_nothing(house: House, minor: int | None) -> None:
    assert await Talker(house.server).ask(RequestServerInfo, "me", 4, minor) == ServerInfo(1, "house", 500, 4, 0)


async def test_version_4_may_be_asked_for_in_the_old_way(house: House) -> None:
    assert await Talker(house.server).ask(RequestServerInfo, "me", None, None, 4) == ServerInfo(1, "house", 500, 4, 0)


@pytest.mark.parametrize("message", EVERYTHING, ids=repr)
async def test_nothing_else_is_understood_before_the_handshake(house: House, message: ClientMessage) -> None:
    talker = Talker(house.server)
    talker.session.receive(message)
    assert talker.heard == [Error(7, f"RequestServerInfo expected before {type(message).__name__}", 1)]
    assert talker.session.state is State.WAITING
    assert house.sent() == []
    talker.session.receive(HELLO)
    assert isinstance(talker.heard[-1], ServerInfo)


@pytest.mark.parametrize(
    ("malformed", "code"),
    [
        (Malformed("bad", 7, "Ping"), 1),
        (Malformed("bad", 7, "Nonsense"), 1),
        (Malformed("bad", 7, "RequestServerInfo"), 3),
        (Malformed("bad", 0, "Ping"), 3),
        (Malformed("bad"), 3),
    ],
)
async def test_what_cannot_be_read_before_the_handshake_leaves_it_possible(
    house: House, malformed: Malformed, code: int
) -> None:
    talker = Talker(house.server)
    talker.say_malformed(malformed)
    assert talker.heard[0].id == malformed.id
    assert error_of(talker.heard[0])[0] == code
    assert isinstance(await talker.ask(RequestServerInfo, "me", 4, 0), ServerInfo)


@pytest.mark.parametrize("id_", [0, -1, 4294967296, True, 1.0, "1", None], ids=repr)
@pytest.mark.parametrize("message", [*EVERYTHING, HELLO], ids=lambda message: type(message).__name__)
async def test_without_an_id_nothing_is_done_before_the_handshake_after_it_or_after_the_end(
    house: House, message: ClientMessage, id_: Any
) -> None:
    talker = Talker(house.server)
    states = []
    for step in (talker.shake_hands(), talker.session.close("gone"), asyncio.sleep(1)):
        talker.session.receive(structs.replace(message, id=id_))
        states.append(talker.session.state)
        await step
    assert states == [State.WAITING, State.CONNECTED, State.ENDED]
    what = f"{type(message).__name__}: Id must be a whole number from 1 to 4294967295"
    assert talker.events(Error) == [Error(0, what, 3)] * 3
    assert house.sent() == []
    assert not house.manager.scanning


async def test_the_first_handshake_in_a_frame_opens_the_session_and_the_rest_follows(house: House) -> None:
    talker = Talker(house.server)
    talker.say_frame(
        '[{"Ping":{"Id":1}},{"RequestServerInfo":{"Id":2,"ClientName":"a","ProtocolVersionMajor":4}},'
        '{"RequestServerInfo":{"Id":3,"ClientName":"b","ProtocolVersionMajor":4}},{"Ping":{"Id":4}}]'
    )
    assert [type(message) for message in talker.heard] == [Error, ServerInfo, Error, Ok]
    assert [message.id for message in talker.heard] == [1, 2, 3, 4]
    assert talker.session.client_name == "a"


# Other versions


@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize("field", ["MessageVersion", "ProtocolVersionMajor"])
async def test_a_client_of_every_version_up_to_4_is_accepted(house: House, version: int, field: str) -> None:
    talker = Talker(house.server)
    talker.say_frame(f'[{{"RequestServerInfo":{{"Id":1,"ClientName":"old","{field}":{version}}}}}]')
    assert isinstance(talker.heard[0], ServerInfo)
    assert talker.session.state is State.CONNECTED


@pytest.mark.parametrize("version", [5, 4294967295])
@pytest.mark.parametrize("field", ["MessageVersion", "ProtocolVersionMajor"])
async def test_a_client_that_is_too_new_is_told_and_may_try_another_version(house: House, version: int, field: str) -> None:
    talker = Talker(house.server)
    talker.say_frame(f'[{{"RequestServerInfo":{{"Id":1,"ClientName":"old","{field}":{version}}}}}]')
    code, text = error_of(talker.heard[0])
    assert code == 1
    assert f"the client speaks message spec version {version}," in text
    await asyncio.sleep(1)
    assert talker.closed is None
    assert talker.session.state is State.WAITING
    await talker.shake_hands()
    assert is_ok(await talker.ask(Ping))
    for _ in range(20):
        await asyncio.sleep(0.2)
        talker.say(Ping)
    assert talker.closed is None


async def test_a_refused_client_that_does_nothing_about_it_is_closed_after_a_pause(house: House) -> None:
    talker = Talker(house.server)
    talker.session.receive(RequestServerInfo(1, "new", 5, 0))
    _, reason = error_of(talker.heard[0])
    await asyncio.sleep(REFUSAL_PAUSE - 0.1)
    assert talker.closed is None
    await asyncio.sleep(0.2)
    assert talker.closed == (CloseCode.REFUSED, reason)
    assert house.server.sessions == set()


async def test_a_refusal_is_one_warning_with_the_name_of_the_client_however_often_it_tries(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        talker = Talker(house.server)
        for id_ in range(1, 100):
            talker.session.receive(RequestServerInfo(id_, "Game\nERROR forged", 5, 0))
        await asyncio.sleep(REFUSAL_PAUSE + 0.1)
        assert talker.closed is not None
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.startswith('Client "Game?ERROR forged" was refused: the client speaks message spec version 5')


async def test_of_refusals_in_thousands_of_names_some_are_logged_and_the_others_counted(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    talker = Talker(house.server)
    for id_ in range(1, 5000):
        talker.session.receive(RequestServerInfo(id_, f"Game {id_}", 5, 0))
    await asyncio.sleep(60)
    Talker(house.server).session.receive(RequestServerInfo(1, "the last one", 5, 0))
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) < 50
    assert re.search(r"the last one.*\(\d{4} other warnings like it were left out\)", warnings[-1])
    assert len(house.server._warnings._recent) < 100


# Connected


async def test_a_second_handshake_changes_neither_the_name_nor_the_time_of_the_ping(house: House) -> None:
    talker = await house.client("first name")
    await asyncio.sleep(0.4)
    talker.session.receive(HELLO)
    assert talker.heard[-1] == Error(7, "the handshake was done already", 1)
    assert talker.session.client_name == "first name"
    await asyncio.sleep(0.2)
    assert talker.session.state is State.PINGED_OUT


@pytest.mark.parametrize("message", [message for message in EVERYTHING if not isinstance(message, Disconnect)], ids=repr)
async def test_only_a_ping_is_a_ping(house: House, message: ClientMessage) -> None:
    talker = await house.client()
    await asyncio.sleep(0.4)
    talker.session.receive(message)
    await asyncio.sleep(0.2)
    assert (talker.session.state is State.CONNECTED) == isinstance(message, Ping)


async def test_nothing_is_told_of_devices_before_the_handshake_and_those_there_at_it_are_not_announced(
    build: BuildHouse,
) -> None:
    house = await build("aneros", "aneros")
    talker = Talker(house.server)
    house.simulated[0].disconnect()
    await asyncio.sleep(1)
    assert talker.heard == []
    await talker.shake_hands()
    await asyncio.sleep(1)
    assert talker.events(DeviceList) == []
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert [sorted(event.devices) for event in talker.events(DeviceList)] == [[0, 1]]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("", "A client without a name"),
        ("Player 1", 'Client "Player 1"'),
        ("röd 🚀", 'Client "röd 🚀"'),
        ("a\nERROR forged: line\x1b[31m", 'Client "a?ERROR forged: line?[31m"'),
        ("x" * 1_000_000, f'Client "{"x" * 64}"'),
    ],
)
async def test_any_name_will_do_and_none_disturbs_the_log(house: House, name: str, label: str) -> None:
    talker = await house.client(name)
    assert talker.session.label == label


# Ended


async def test_disconnect_is_answered_when_the_devices_are_stopped_and_then_the_session_is_closed(house: House) -> None:
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(64)})
    house.simulated[0].write_delay = 0.2
    order: list[str] = []
    house.simulated[0].on_packet = lambda packet: order.append(packet.data.hex())
    talker.session._replies._send = lambda message: order.append(repr(message))
    talker.session._closed = lambda code, reason: order.append(code.name)
    talker.session.receive(Disconnect(9))
    await asyncio.sleep(1)
    assert order == ["f100", "Ok(id=9)", "NORMAL"]


async def test_what_comes_behind_a_disconnect_in_the_same_frame_is_too_late(house: House) -> None:
    talker = await house.client()
    talker.say_frame(
        '[{"Disconnect":{"Id":2}},{"OutputCmd":{"Id":3,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":9}}}},'
        '{"Disconnect":{"Id":4}}]'
    )
    await asyncio.sleep(1)
    assert house.sent() == []
    assert error_of(await talker.answer_to(3))[0] == 1
    assert error_of(await talker.answer_to(4))[0] == 1
    assert is_ok(await talker.answer_to(2))
    assert talker.closed == (CloseCode.NORMAL, "disconnected as asked")


@pytest.mark.parametrize(("end", "code"), [(disconnect, 1), (close, 1), (miss_the_ping, 2)])
@pytest.mark.parametrize("message", [*EVERYTHING, HELLO], ids=repr)
async def test_after_the_end_everything_is_refused_and_nothing_is_done(
    house: House, end: Callable[[Talker], Awaitable[None]], code: int, message: ClientMessage
) -> None:
    talker = await house.client()
    await end(talker)
    talker.heard.clear()
    talker.session.receive(message)
    await asyncio.sleep(1)
    (answer,) = talker.heard
    assert (answer.id, error_of(answer)[0]) == (7, code)
    assert house.sent() == []


async def test_the_end_is_told_once(house: House) -> None:
    ends: list[CloseCode] = []
    talker = await house.client()
    talker.session._closed = lambda code, reason: ends.append(code)
    talker.say(Disconnect)
    await asyncio.gather(talker.session.end(CloseCode.SHUTDOWN, "twice"), house.server.close())
    assert ends == [CloseCode.NORMAL]


async def test_a_client_that_ends_its_session_itself_is_not_told_so(house: House) -> None:
    talker = await house.client()
    await talker.session.close("it went")
    await house.server.close()
    assert talker.closed is None


async def test_requests_that_wait_for_a_device_are_answered_when_the_session_ends(build: BuildHouse) -> None:
    house = await build("Lovense Nora")
    talker = await house.client()
    house.simulated[0].answer = lambda packet: None
    waiting = talker.say(InputCmd, 0, 2, "Battery", "Read")
    await asyncio.sleep(0.01)
    at_once = talker.say(InputCmd, 0, 2, "Battery", "Read")
    bye = talker.say(Disconnect)
    await talker.answer_to(bye)
    assert {message.id for message in talker.heard[-3:-1]} == {waiting, at_once}
    assert [error_of(message)[0] for message in talker.heard[-3:-1]] == [1, 1]


async def test_a_stop_just_before_the_end_is_written_and_answered_before_it(house: House) -> None:
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(64)})
    house.simulated[0].write_delay = 0.2
    stop, bye = talker.say(StopCmd), talker.say(Disconnect)
    await talker.answer_to(bye)
    assert house.sent() == [b"\xf1\x40", b"\xf1\x00", b"\xf2\x00"]
    assert talker.heard[-2:] == [Ok(stop), Ok(bye)]


async def test_a_callback_that_raises_at_the_end_keeps_nobody_from_ending(
    build: BuildHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build("aneros")
    bad, good = await house.client("bad"), await house.client("good")

    def broken(code: CloseCode, reason: str) -> None:
        raise RuntimeError("the callback of a program")

    bad.session._closed = broken
    await house.server.close()
    assert good.closed is not None
    assert not house.simulated[0].connected
    assert 'Client "bad": its end could not be told' in caplog.text


# The server's own end


async def test_a_server_that_is_not_open_has_no_sessions(build: BuildHouse) -> None:
    house = await build("aneros")
    await house.server.close()
    with pytest.raises(ButtplugConnectorError, match="the server is not open"):
        Talker(house.server)


async def test_every_caller_of_close_waits_for_the_end_and_learns_the_same(build: BuildHouse) -> None:
    house = await build("aneros")
    house.simulated[0].write_delay = 1e6
    (await house.client()).say(OutputCmd, 0, 0, {"Vibrate": OutputArguments(64)})
    await asyncio.sleep(0.01)
    first = asyncio.create_task(house.server.close())
    await asyncio.sleep(0.5)
    second = await house.server.close()
    assert await first == second
    assert len(second) == 1
    assert await house.server.close() == second


async def test_a_close_that_is_cancelled_goes_on(build: BuildHouse) -> None:
    house = await build("aneros")
    await (await house.client()).ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(64)})
    house.simulated[0].write_delay = 0.3
    task = asyncio.create_task(house.server.close())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(2)
    assert house.sent()[1:] == [b"\xf1\x00", b"\xf2\x00"]
    assert not house.simulated[0].connected


async def test_a_server_that_was_never_opened_can_be_closed() -> None:
    assert await ButtplugServer().close() == []
