"""Warnings whose number strangers choose."""

from __future__ import annotations

import asyncio
import logging

import pytest

from buttplug.core.recent_warnings import AGAIN_AFTER, MOST, REMEMBERED, SECONDS, RecentWarnings


@pytest.fixture
def warnings() -> RecentWarnings:
    return RecentWarnings(logging.getLogger("strangers"))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def test_the_same_is_told_once_and_after_a_while_again(
    warnings: RecentWarnings, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(int(AGAIN_AFTER) - 1):
        warnings.warn("one")
        await asyncio.sleep(1)
    assert told(caplog) == ["one"]
    await asyncio.sleep(1)
    warnings.warn("one")
    assert told(caplog) == ["one", "one"]


async def test_of_many_at_once_some_are_told_and_the_number_of_the_others_with_the_next(
    warnings: RecentWarnings, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1000):
        warnings.warn(str(number))
    assert told(caplog) == [str(number) for number in range(MOST)]
    await asyncio.sleep(SECONDS)
    warnings.warn("next")
    assert told(caplog)[MOST:] == [f"next ({1000 - MOST} other warnings like it were left out)"]


async def test_few_are_remembered(warnings: RecentWarnings) -> None:
    for number in range(10_000):
        warnings.warn(str(number))
        await asyncio.sleep(SECONDS / MOST)
    assert len(warnings._recent) <= REMEMBERED
