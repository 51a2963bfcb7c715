"""One client, one iterator and one device in the hands of several threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest

from buttplug.core.messages import ScanningFinished
from buttplug.sync import Client, ClientEvent
from buttplug.sync.loop import EventLoopThread
from tests.fakes.scripted_server import ScriptedServer
from tests.sync.test_client import InLoop

pytestmark = pytest.mark.real_time


class Threads:
    """Threads whose results, and whatever they raise, are collected."""

    def __init__(self, *functions: Callable[[], Iterable[ClientEvent]]) -> None:
        self.raised: list[BaseException] = []
        self.got: list[ClientEvent] = []
        self._threads = [threading.Thread(target=self._run, args=[function], daemon=True) for function in functions]
        for thread in self._threads:
            thread.start()

    def _run(self, function: Callable[[], Iterable[ClientEvent]]) -> None:
        try:
            for item in function():
                self.got.append(item)
        except BaseException as error:  # noqa: BLE001 whatever it is, the test has to know of it
            self.raised.append(error)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


def test_threads_that_share_an_iterator_get_each_event_once(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    events = scripted_client.events()
    threads = Threads(lambda: events, lambda: events, lambda: events)
    for _ in range(50):
        in_loop(lambda: scripted.say(ScanningFinished(0)))
    scripted_client.disconnect()
    threads.join()
    assert threads.raised == []
    assert len(threads.got) == 50


def test_an_iterator_that_another_thread_closes_is_at_its_end(scripted_client: Client) -> None:
    events = scripted_client.events()
    threads = Threads(lambda: events, lambda: events)
    while events._next is None:
        time.sleep(0.01)
    events.close()
    threads.join()
    assert (threads.raised, threads.got) == ([], [])
    assert events.poll() is None


def test_what_is_made_while_the_program_ends_keeps_nothing_from_being_closed() -> None:
    thread = EventLoopThread()
    closed: list[int] = []

    async def close(number: int) -> None:
        closed.append(number)

    def close_and_make_another() -> Coroutine[Any, Any, object]:
        thread.at_exit(lambda: close(2))
        return close(1)

    thread.at_exit(close_and_make_another)
    thread.run(thread._finish())
    assert closed == [1]
    thread._exit()
