"""The turns that lines to a dongle take."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.lovense_dongle.turns import Turns

SPACING = 0.04


class Line:
    """Takes its turn, for ``seconds``; ``began`` is when that was."""

    def __init__(self, turns: Turns, *, urgent: bool = False, seconds: float = 0.0) -> None:
        self.began: float | None = None
        self.task = asyncio.ensure_future(self._go(turns, urgent, seconds))

    async def _go(self, turns: Turns, urgent: bool, seconds: float) -> None:
        await turns.begin(urgent=urgent)
        self.began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        turns.end()


async def test_each_begins_some_time_after_the_end_of_the_one_before_however_long_that_took() -> None:
    turns = Turns(SPACING)
    first, second, third = Line(turns), Line(turns, seconds=1), Line(turns)
    await asyncio.gather(first.task, second.task, third.task)
    assert [first.began, second.began, third.began] == pytest.approx([0, SPACING, 1 + 2 * SPACING])
    await asyncio.sleep(10)
    late = Line(turns)
    await late.task
    assert late.began == pytest.approx(11 + 2 * SPACING), "after a quiet time there is nothing to wait for"


async def test_what_is_urgent_waits_for_nothing_but_the_one_that_has_begun_and_the_spacing() -> None:
    turns = Turns(SPACING)
    others = [Line(turns) for _ in range(50)]
    await asyncio.sleep(0.01)
    urgent = [Line(turns, urgent=True) for _ in range(2)]
    await asyncio.gather(*(line.task for line in urgent))
    assert [line.began for line in urgent] == pytest.approx([SPACING, 2 * SPACING])
    await asyncio.gather(*(line.task for line in others))


@pytest.mark.parametrize("turns_of_the_loop", [0, 1, 2])
async def test_who_is_cancelled_leaves_the_turn_to_the_next(turns_of_the_loop: int) -> None:
    turns = Turns(SPACING)
    given_up, first, waiting, last = Line(turns), Line(turns), Line(turns), Line(turns)
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    waiting.task.cancel()
    if given_up.began is None:
        given_up.task.cancel()
    await asyncio.gather(first.task, last.task)
    assert waiting.began is None
    assert last.began is not None
    assert first.began is not None
    assert last.began == pytest.approx(first.began + SPACING)


@pytest.mark.parametrize("count", [1, 3])
async def test_who_is_cancelled_at_the_moment_in_which_its_turn_would_begin_leaves_it_to_a_stop(count: int) -> None:
    turns = Turns(SPACING)
    loop = asyncio.get_running_loop()
    lines: list[Line] = []
    # In one turn of the event loop, and in this order: a stop cuts off what waits, the spacing is over.
    loop.call_at(loop.time() + SPACING, lambda: [line.task.cancel() for line in lines[1:]])
    lines += [Line(turns) for _ in range(1 + count)]
    await asyncio.sleep(1)
    assert [line.began for line in lines] == [0.0, *[None] * count]
    async with asyncio.timeout(1):
        await Line(turns, urgent=True).task
        await Line(turns).task


@pytest.mark.parametrize("urgent", [False, True])
async def test_who_is_cancelled_in_the_moment_its_turn_would_begin_leaves_it_to_the_next(urgent: bool) -> None:
    turns = Turns(SPACING)
    first, given_up = Line(turns), Line(turns, urgent=urgent)
    await first.task
    # Due together with the end of the pause, and before it: both run in one turn of the event loop.
    loop = asyncio.get_running_loop()
    loop.call_at(loop.time() + SPACING - 1e-10, given_up.task.cancel)
    last = Line(turns)
    await asyncio.wait([given_up.task, last.task], timeout=1)
    assert given_up.task.cancelled()
    assert given_up.began is None
    assert last.began == pytest.approx(SPACING)
