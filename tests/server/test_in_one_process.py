"""A program that holds server and client in its own hands cannot do harm by how it uses them."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import ErrorCode
from buttplug.core.legacy.v3 import StopAllDevices
from buttplug.core.messages import Error, Ok, Ping, RequestServerInfo, ServerMessage
from buttplug.server import ButtplugServer
from tests.fakes.fault_log import only_faults
from tests.fakes.managers import FakeManager


async def test_a_server_that_is_opened_twice_at_once_opens_each_bus_once() -> None:
    manager = FakeManager()
    server = ButtplugServer(managers=[manager])
    await asyncio.gather(server.open(), server.open())
    assert manager.calls.count("open") == 1
    await server.close()
    assert manager.calls.count("close") == 1


async def test_a_client_that_sends_again_on_every_answer_keeps_nobody_from_their_turn() -> None:
    heard: list[ServerMessage] = []

    def answer(message: ServerMessage) -> None:
        heard.append(message)
        if going:
            session.receive(Ping(len(heard) + 1))

    going = True
    async with ButtplugServer() as server:
        session = server.open_session(answer)
        with only_faults() as faults:
            session.receive(RequestServerInfo(1, "eager", 4, 0))
            for _ in range(3000):
                await asyncio.sleep(0)
            going = False
            await asyncio.sleep(0.1)
        assert not faults
        assert len(heard) > 1000
        assert all(isinstance(message, Ok) for message in heard[1:])
        assert [message.id for message in heard] == list(range(1, len(heard) + 1))


async def test_what_is_sent_from_inside_answers_is_handled_in_the_order_in_which_it_came() -> None:
    heard: list[int] = []
    more = {1: [10, 11], 10: [100, 101], 20: [200]}

    def answer(message: ServerMessage) -> None:
        heard.append(message.id)
        for id_ in more.get(message.id, ()):
            session.receive(Ping(id_))

    async with ButtplugServer() as server:
        session = server.open_session(answer)
        session.receive(RequestServerInfo(1, "eager", 4, 0))
        for id_ in (20, 21):
            session.receive(Ping(id_))
        await asyncio.sleep(0.1)
    assert heard == [1, 10, 11, 20, 21, 100, 101, 200]


async def test_a_message_that_no_client_of_this_version_sends_is_refused_and_not_passed_over() -> None:
    heard: list[ServerMessage] = []
    async with ButtplugServer() as server:
        session = server.open_session(heard.append)
        session.receive(RequestServerInfo(1, "odd", 4, 0))
        session.receive(StopAllDevices(2))
    assert heard[1:] == [Error(2, "StopAllDevices is not for a client of version 4 to send", ErrorCode.MSG)]


@pytest.mark.parametrize("turns", range(8))
async def test_a_server_whose_opening_was_cancelled_is_opened_by_the_next_call_and_opens_each_bus_once(turns: int) -> None:
    fast, slow = FakeManager(), FakeManager()
    slow.delays["open"] = 1.0
    server = ButtplugServer(managers=[fast, slow])
    opening = asyncio.create_task(server.open())
    for _ in range(turns):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await server.open()
    assert server.is_open
    await server.close()
    assert fast.calls == slow.calls == ["open", "close"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_server_whose_block_is_cancelled_while_it_opens_is_closed_and_leaves_nothing() -> None:
    fast, slow = FakeManager(), FakeManager()
    slow.delays["open"] = 1.0
    server = ButtplugServer(managers=[fast, slow])

    async def use() -> None:
        async with server:
            raise AssertionError("it is not open")

    using = asyncio.create_task(use())
    await asyncio.sleep(0.5)
    using.cancel()
    await asyncio.wait([using])
    assert using.cancelled()
    await asyncio.sleep(1)
    assert not server.is_open
    assert (fast.calls, slow.calls) == (["open", "close"], ["open", "close", "close"]), "the second time it is open"
    assert asyncio.all_tasks() == {asyncio.current_task()}
