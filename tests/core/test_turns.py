"""How the event loop is shared: who floods it waits, and nobody else does."""

from __future__ import annotations

from uuid import uuid4

import pytest

from buttplug.core.listening import turns
from buttplug.core.listening.turns import BUSY_TIME, SMALLEST_SHARE, TURN_TIME, WAIT, Turns

ONE, TWO, THREE = uuid4(), uuid4(), uuid4()


class Clock:
    """Stands in for the clock that measures work."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


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
