"""What is done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from buttplug.hardware.errors import BusUnavailableError
from buttplug.hardware.polling import Poll


@pytest.fixture
def times() -> list[float]:
    return []


@pytest.fixture
def action(times: list[float]) -> Callable[[], Awaitable[None]]:
    async def action() -> None:
        times.append(asyncio.get_running_loop().time())

    return action


async def test_it_begins_at_once_keeps_its_interval_and_ends(
    times: list[float], action: Callable[[], Awaitable[None]]
) -> None:
    poll = Poll("bus", action, 2.0)
    assert not poll.running
    poll.start()
    poll.start()
    assert poll.running
    await asyncio.sleep(5)
    await poll.stop()
    await poll.stop()
    assert not poll.running
    await asyncio.sleep(5)
    assert times == [0, 2, 4]
    poll.start()
    await asyncio.sleep(1)
    await poll.stop()
    assert times == [0, 2, 4, 10]


async def test_the_interval_may_change_on_the_way(times: list[float], action: Callable[[], Awaitable[None]]) -> None:
    poll = Poll("bus", action, 2.0)
    poll.start()
    await asyncio.sleep(1)
    poll.interval = 0.5
    await asyncio.sleep(2.1)
    await poll.stop()
    assert times == [0, 2, 2.5, 3]


async def test_a_stop_ends_an_action_that_hangs() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    poll = Poll("bus", hang, 1.0)
    poll.start()
    await asyncio.sleep(100)
    await poll.stop()


@pytest.mark.parametrize("failure", [BusUnavailableError, ValueError])
async def test_failures_end_nothing_and_each_is_told_until_it_changes(
    failure: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = iter(["no power", "no power", "no power", "no cable", "no cable", "", "no cable"])

    async def action() -> None:
        if outcome := next(outcomes):
            raise failure(outcome)

    poll = Poll("bus", action, 1.0)
    poll.start()
    await asyncio.sleep(2.5)
    await poll.stop()
    poll.start()
    await asyncio.sleep(3.5)
    await poll.stop()
    assert [(record.exc_info and str(record.exc_info[1])) or record.getMessage()[5:] for record in caplog.records] == [
        "no power",
        "no cable",
        "no cable",
    ]
