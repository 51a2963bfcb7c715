"""How the event loop is shared: who floods it waits, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from buttplug.core.listening import turns
from buttplug.core.listening.turns import BUSY_TIME, SMALLEST_SHARE, TURN_TIME, WAIT, OneByOne, Turns
from tests.fakes.clock import VirtualTimeLoop

ONE, TWO, THREE = uuid4(), uuid4(), uuid4()


class Clock:
    """Stands in for the clock that measures work."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    thread_time = perf_counter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(turns, "time", clock)
    return clock


@pytest.mark.parametrize(("clients", "share"), [(0, TURN_TIME), (1, TURN_TIME), (2, TURN_TIME / 2), (100, SMALLEST_SHARE)])
def test_the_share_of_a_turn_is_divided_among_the_clients(clients: int, share: float) -> None:
    assert Turns(lambda: clients).share() == share


@pytest.mark.usefixtures("clock")
def test_a_client_that_is_alone_never_waits() -> None:
    assert Turns(lambda: 1).wait(ONE, 5.0) == 0


@pytest.mark.usefixtures("clock")
def test_where_others_are_a_client_that_used_its_share_waits_for_a_multiple_of_it() -> None:
    shared = Turns(lambda: 2)
    for used in (0.001, 0.1):
        assert shared.wait(ONE, used) == pytest.approx(WAIT * used)


@pytest.mark.usefixtures("clock")
def test_the_more_flood_at_once_the_longer_each_waits() -> None:
    shared = Turns(lambda: 9)
    waits = [shared.wait(client, 0.001) for client in (ONE, TWO, THREE, ONE)]
    assert waits == pytest.approx([WAIT * 0.001 * busy for busy in (1, 2, 3, 3)])


def test_who_floods_no_more_is_forgotten(clock: Clock) -> None:
    shared = Turns(lambda: 9)
    shared.wait(ONE, 0.001)
    shared.wait(TWO, 0.001)
    clock.now += 1.01 * BUSY_TIME
    assert shared.wait(THREE, 0.001) == pytest.approx(WAIT * 0.001)
    assert len(shared._busy) == 1


# Pieces of work for strangers


def times_of(clock: Clock, begin: Callable[[OneByOne, Callable[[float], Callable[[], None]]], None]) -> list[float]:
    """Return when each piece was begun, on a clock on which work takes no time."""
    times: list[float] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def piece(used: float) -> Callable[[], None]:
            def do() -> None:
                times.append(loop.time())
                clock.now += used

            return do

        begin(OneByOne(), piece)
        await asyncio.sleep(1000)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(work())
    return times


def test_after_a_piece_there_is_a_pause_as_long_as_it_deserves(clock: Clock) -> None:
    def begin(work: OneByOne, piece: Callable[[float], Callable[[], None]]) -> None:
        for used in (0.5, 0.0, 2.0, 1.0):
            work.add(piece(used))

    assert times_of(clock, begin) == pytest.approx([0, 0.5 * WAIT, 0.5 * WAIT, 2.5 * WAIT])


def test_a_piece_that_comes_when_none_is_left_waits_for_the_end_of_the_pause(clock: Clock) -> None:
    def begin(work: OneByOne, piece: Callable[[float], Callable[[], None]]) -> None:
        work.add(piece(2.0))
        asyncio.get_running_loop().call_later(1.0, work.add, piece(0.0))
        asyncio.get_running_loop().call_later(100.0, work.add, piece(0.0))

    assert times_of(clock, begin) == pytest.approx([0, 2.0 * WAIT, 100])


def test_a_piece_that_adds_another_one_or_fails_is_followed_by_the_rest(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def begin(work: OneByOne, piece: Callable[[float], Callable[[], None]]) -> None:
        def fail() -> None:
            work.add(piece(1.0))
            raise RuntimeError("a fault of ours")

        work.add(fail)
        work.add(piece(1.0))

    assert times_of(clock, begin) == pytest.approx([0, WAIT])
    assert caplog.text.count("RuntimeError: a fault of ours") == 1
