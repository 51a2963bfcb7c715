"""How the event loop is shared: who floods it waits, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.listening import turns
from buttplug.core.listening.turns import (
    BUSY_TIME,
    CREDIT,
    SMALLEST_SHARE,
    STRANGERS_WAIT,
    WAIT,
    WHOLE_TURN,
    StrangerQueue,
    Turns,
)
from tests.fakes.clock import VirtualTimeLoop


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


class Worker:
    """A client that works, and waits when it is told to."""

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self._turns, self._clock, self._id = turns, clock, uuid4()

    def work(self, seconds: float) -> float:
        """Work for so long; return how long to wait."""
        self._clock.now += seconds
        return self._turns.wait(self._id, seconds)

    def work_and_wait(self, seconds: float) -> float:
        """Do both; return how long it waited."""
        wait = self.work(seconds)
        self._clock.now += wait
        return wait


@pytest.mark.parametrize(("clients", "share"), [(0, WHOLE_TURN), (1, WHOLE_TURN), (2, SMALLEST_SHARE), (100, SMALLEST_SHARE)])
def test_the_share_of_a_turn_is_divided_among_the_clients(clients: int, share: float) -> None:
    assert Turns(lambda: clients).share() == share


def test_a_client_that_is_alone_never_waits(clock: Clock) -> None:
    alone = Worker(Turns(lambda: 1), clock)
    assert [alone.work(5.0) for _ in range(3)] == [0, 0, 0]


def test_a_client_that_was_alone_owes_nothing_when_another_comes(clock: Clock) -> None:
    clients = [1]
    worker = Worker(Turns(lambda: clients[0]), clock)
    worker.work(5.0)
    clients[0] = 2
    assert worker.work(CREDIT) == 0


def test_where_others_are_a_burst_is_free_and_who_goes_on_waits_for_a_multiple_of_what_it_used(clock: Clock) -> None:
    worker = Worker(Turns(lambda: 2), clock)
    assert worker.work(CREDIT) == 0
    worker.work_and_wait(CREDIT)  # It had used its credit up, but for what it won back meanwhile.
    for used in (0.001, 0.005):
        assert worker.work_and_wait(used) == pytest.approx(WAIT * used)


def test_who_sends_much_now_and_then_never_waits(clock: Clock) -> None:
    worker = Worker(Turns(lambda: 2), clock)
    for _ in range(100):
        assert worker.work(0.002) == 0
        clock.now += 0.002 * WAIT


@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 2), st.floats(0.00001, 0.01), st.floats(0, 0.01)),
        min_size=1,
        max_size=200,
    )
)
def test_whatever_several_clients_do_each_gets_no_more_than_its_part_of_the_time(
    pieces: list[tuple[int, float, float]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(turns, "time", clock)
        shared = Turns(lambda: 4)
        workers = [Worker(shared, clock) for _ in range(3)]
        until = [0.0] * 3
        used = [0.0] * 3
        began = clock.now
        for index, seconds, idle in pieces:
            clock.now = max(clock.now + idle, until[index])
            used[index] += seconds
            until[index] = (wait := workers[index].work(seconds)) and clock.now + wait
            time_until_it_may_go_on = max(clock.now, until[index]) - began
            assert used[index] <= CREDIT + time_until_it_may_go_on / (1 + WAIT) + 1e-9


def test_those_who_flood_together_keep_the_event_loop_busy_for_no_more_of_the_time_than_one(clock: Clock) -> None:
    shared = Turns(lambda: 9)
    workers = [Worker(shared, clock) for _ in range(3)]
    may_go_on = [clock.now] * 3
    used, until = 0.0, clock.now + 10
    while clock.now < until:
        index = may_go_on.index(min(may_go_on))
        clock.now = max(clock.now, may_go_on[index])
        may_go_on[index] = workers[index].work(0.001) + clock.now
        used += 0.001
    assert 0.8 < used / 10 * (1 + WAIT) < 1.1


def test_who_floods_no_more_is_forgotten(clock: Clock) -> None:
    shared = Turns(lambda: 9)
    for _ in range(3):
        Worker(shared, clock).work(CREDIT / 2)
    clock.now += 1.01 * BUSY_TIME
    one = Worker(shared, clock)
    one.work_and_wait(2 * CREDIT)
    assert one.work(0.001) == pytest.approx(WAIT * 0.001)
    assert len(shared._left) == 1


# Pieces of work for strangers


def times_of(clock: Clock, begin: Callable[[StrangerQueue, Callable[[float], Callable[[], None]]], None]) -> list[float]:
    """Return when each piece was begun, on a clock on which work takes no time."""
    times: list[float] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def piece(used: float) -> Callable[[], None]:
            def do() -> None:
                times.append(loop.time())
                clock.now += used

            return do

        begin(StrangerQueue(), piece)
        await asyncio.sleep(1000)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(work())
    return times


def test_after_a_piece_there_is_a_pause_as_long_as_it_deserves(clock: Clock) -> None:
    def begin(work: StrangerQueue, piece: Callable[[float], Callable[[], None]]) -> None:
        for used in (0.5, 0.0, 2.0, 1.0):
            work.add(piece(used))

    assert times_of(clock, begin) == pytest.approx([0, 0.5 * STRANGERS_WAIT, 0.5 * STRANGERS_WAIT, 2.5 * STRANGERS_WAIT])


def test_a_piece_that_comes_when_none_is_left_waits_for_the_end_of_the_pause(clock: Clock) -> None:
    def begin(work: StrangerQueue, piece: Callable[[float], Callable[[], None]]) -> None:
        work.add(piece(2.0))
        asyncio.get_running_loop().call_later(1.0, work.add, piece(0.0))
        asyncio.get_running_loop().call_later(100.0, work.add, piece(0.0))

    assert times_of(clock, begin) == pytest.approx([0, 2.0 * STRANGERS_WAIT, 100])


def test_a_piece_that_adds_another_one_or_fails_is_followed_by_the_rest(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def begin(work: StrangerQueue, piece: Callable[[float], Callable[[], None]]) -> None:
        def fail() -> None:
            work.add(piece(1.0))
            raise RuntimeError("a fault of ours")

        work.add(fail)
        work.add(piece(1.0))

    assert times_of(clock, begin) == pytest.approx([0, STRANGERS_WAIT])
    assert caplog.text.count("RuntimeError: a fault of ours") == 1
