"""Ctrl-Z: the process is suspended once every device has stopped, once for all that was asked before that."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import NamedTuple

import pytest

from buttplug.server.program.signals import Signals
from buttplug.server.signals import Suspender

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="this system suspends nothing")


class FakeServer:
    """Takes a turn of the event loop to stop its devices, or none where it has none."""

    def __init__(self, *, has_devices: bool = True) -> None:
        self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        self.unstopped: list[str] = []
        self.done: list[str] = []
        self._has_devices = has_devices
        self._tasks: set[asyncio.Task[None]] = set()

    def run_to_end(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    async def stop_all(self) -> list[str]:
        raise AssertionError("it is to be paused")

    async def pause(self, reason: str) -> list[str]:
        if self._has_devices:
            await asyncio.sleep(1)
        self.done.append("paused")
        return self.unstopped

    def resume(self) -> None:
        self.done.append("resumed")


class Suspending(NamedTuple):
    """A suspender, and its server, which notes the suspensions too."""

    server: FakeServer
    suspender: Suspender


def suspending(*, has_devices: bool = True, before: Callable[[], None] = lambda: None) -> Suspending:
    """Make a suspender that suspends nothing."""
    server = FakeServer(has_devices=has_devices)
    return Suspending(server, Suspender(server, [lambda number, frame: server.done.append("suspended")], before))


ONCE = ["paused", "suspended", "resumed"]


@pytest.mark.parametrize("has_devices", [True, False])
async def test_whoever_asks_twice_suspends_once_and_may_do_so_again(has_devices: bool) -> None:
    server, suspender = suspending(has_devices=has_devices)
    for times in (1, 2):
        suspender.suspend()
        suspender.suspend()
        await asyncio.sleep(10)
        assert server.done == ONCE * times


async def test_what_comes_in_the_last_moment_before_the_suspension_suspends_no_second_time() -> None:
    server, suspender = suspending(before=lambda: suspender.suspend())
    suspender.suspend()
    await asyncio.sleep(10)
    assert server.done == ONCE


async def test_while_a_device_is_not_stopped_it_is_not_suspended_and_may_be_asked_again() -> None:
    server, suspender = suspending()
    server.unstopped = ["Device 0"]
    suspender.suspend()
    await asyncio.sleep(10)
    assert server.done == ["paused", "resumed"]
    server.unstopped = []
    suspender.suspend()
    await asyncio.sleep(10)
    assert server.done[2:] == ONCE


@pytest.fixture
def handlers_as_before() -> Iterator[None]:
    """Ends what handles signals in the test."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.mark.usefixtures("handlers_as_before")
@pytest.mark.parametrize("numbers", [(signal.SIGTSTP, signal.SIGTERM), (signal.SIGINT, signal.SIGTSTP)])
async def test_a_program_that_is_to_end_is_not_suspended(numbers: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()
    signals = Signals(server)
    raise_signal = signal.raise_signal
    # Otherwise this process would be suspended.
    monkeypatch.setattr(signal, "raise_signal", lambda number: server.done.append("suspended"))
    for number in numbers:
        raise_signal(number)
        await asyncio.sleep(0.1)
    await signals.next()
    await asyncio.sleep(10)
    assert server.done == ["paused", "resumed"]
