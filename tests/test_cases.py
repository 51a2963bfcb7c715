"""A test of many cases fails with every case that fails, and with why."""

from __future__ import annotations

import pytest

from tests.cases import for_each


def test_every_case_is_tried_and_every_one_that_fails_is_named() -> None:
    tried: list[int] = []

    @for_each("number", range(5), ids=lambda number: f"number {number}")
    def is_even(number: int) -> None:
        tried.append(number)
        assert number % 2 == 0

    with pytest.raises(BaseExceptionGroup, match="2 of 5 cases failed: number 1, number 3") as caught:
        is_even()
    assert tried == [0, 1, 2, 3, 4]
    assert [error.__notes__ for error in caught.value.exceptions] == [["The case: number 1"], ["The case: number 3"]]


async def test_so_it_is_where_a_test_waits() -> None:
    @for_each(("low", "high"), [(1, 2), (3, 2)])
    async def is_less(low: int, high: int) -> None:
        assert low < high

    with pytest.raises(BaseExceptionGroup, match=r"1 of 2 cases failed: \(3, 2\)"):
        await is_less()


def test_what_may_be_the_end_of_the_time_ends_all_cases() -> None:
    tried: list[int] = []

    @for_each("number", range(5))
    def fails(number: int) -> None:
        tried.append(number)
        pytest.fail("time is up")

    with pytest.raises(BaseExceptionGroup, match="1 of 5 cases failed: 0"):
        fails()
    assert tried == [0]


def test_without_cases_there_is_no_test() -> None:
    with pytest.raises(ValueError, match="tests nothing"):
        for_each("number", [])


@for_each("number", [1, 2])
@pytest.mark.parametrize("other", [3, 4])
def test_other_arguments_are_given_as_ever(number: int, other: int, request: pytest.FixtureRequest) -> None:
    assert number < other == request.node.callspec.params["other"]
