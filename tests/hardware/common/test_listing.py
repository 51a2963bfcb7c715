"""Lists that a library makes by calls that block, and its loading: in time, told, and one at a time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from buttplug.hardware.common import listing
from buttplug.hardware.common.listing import Listing
from buttplug.hardware.errors import BusUnavailableError

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]


class Library:
    """A library that lists how often it was asked.

    Attributes:
        hang: While it is not None, every call waits until it is set.
        threads: The threads on which it was called.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.hang: threading.Event | None = None
        self.threads: set[str] = set()

    def load(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.hang is not None:
            self.hang.wait()

    def entries(self) -> list[int]:
        self.asked += 1
        self.load()
        return [self.asked]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(listing, "LOAD_LIMIT", 0.05)
    monkeypatch.setattr(listing, "LIST_LIMIT", 0.05)
    return Library()


def things(library: Library) -> Listing[int]:
    return Listing("things", library.load, library.entries)


async def test_the_library_is_loaded_and_asked_on_one_thread_that_is_not_the_loops(library: Library) -> None:
    listed = things(library)
    await listed.start()
    assert [await listed.entries(), await listed.entries()] == [[1], [2]]
    listed.end()
    assert library.threads == {"list of things"}


async def test_a_library_that_hangs_is_not_asked_again_before_it_answers(library: Library) -> None:
    listed = things(library)
    await listed.start()
    library.hang = threading.Event()
    for _ in range(5):
        with pytest.raises(BusUnavailableError, match=r"The things could not be listed within 0.05 s"):
            await listed.entries()
    assert library.asked == 1
    library.hang.set()
    library.hang = None
    async with asyncio.timeout(5):
        while await listed.entries() != [2]:
            pass
    listed.end()


async def test_a_library_that_hangs_while_it_is_loaded_is_given_up(library: Library) -> None:
    library.hang = threading.Event()
    started = time.monotonic()
    with pytest.raises(BusUnavailableError, match=r"The library for things was not loaded within 0.05 s"):
        await things(library).start()
    assert time.monotonic() - started < 2
    library.hang.set()


async def test_asking_that_is_given_up_disturbs_nobody(library: Library) -> None:
    listed = things(library)
    await listed.start()
    library.hang = threading.Event()
    first = asyncio.create_task(listed.entries())
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(listed.entries())
    await asyncio.sleep(0)
    library.hang.set()
    assert await second == [1]
    listed.end()


@pytest.mark.parametrize("error", [OSError("no sysfs"), ValueError("no sysfs"), RuntimeError("no sysfs")])
async def test_whatever_the_library_raises_is_told(library: Library, error: Exception) -> None:
    def failing() -> list[int]:
        raise error

    listed: Listing[int] = Listing("things", library.load, failing)
    await listed.start()
    with pytest.raises(BusUnavailableError, match="The things cannot be listed: no sysfs"):
        await listed.entries()
    listed.end()


async def test_a_library_that_is_missing_leaves_no_thread_behind(library: Library) -> None:
    def missing() -> None:
        raise BusUnavailableError("things need a library")

    listed: Listing[int] = Listing("things", missing, library.entries)
    with pytest.raises(BusUnavailableError, match="things need a library"):
        await listed.start()
