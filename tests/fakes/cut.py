"""Something happens to a task at its n-th await, for every n: faults that only one moment shows."""

from __future__ import annotations

import asyncio
import itertools
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from functools import partial
from typing import Any, Self


class Cut:
    """Has something happen at one await of the first task that runs a coroutine function, while its context lasts.

    ``with cut:`` cancels that task, ``with cut.by(event, …):`` calls something else.

    Attributes:
        happened: Whether the task had so many awaits.
        ran: Whether there was such a task.
    """

    def __init__(self, function: str, number: int, *, at_the_end: bool) -> None:
        """``function`` is the qualified name; ``number`` counts from 1.

        ``at_the_end``: it happens when what is waited for has just come, and the task does not know yet; else it happens
        when the task begins to wait.
        """
        self.happened: bool = False
        self._function = function
        self._number = number
        self._event: Callable[[], object] = self._cancel
        self._at_the_end = at_the_end
        self._count = 0
        self._task: asyncio.Task[Any] | None = None

    def __str__(self) -> str:
        return f"{self._function}, {'end' if self._at_the_end else 'begin'} of await {self._number}"

    @property
    def ran(self) -> bool:
        return self._task is not None

    def by(self, event: Callable[..., object], *args: object) -> Self:
        """Have this happen in the place of a cancellation."""
        self._event = partial(event, *args)
        return self

    def __enter__(self) -> Self:
        asyncio.get_running_loop().set_task_factory(self._make)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.get_running_loop().set_task_factory(None)

    def _make(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        is_meant = self._task is None and getattr(work, "__qualname__", "") == self._function
        task = asyncio.Task(self._run(work) if is_meant else work, loop=loop, **options)
        if is_meant:
            self._task = task
        return task

    async def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await self._steps(work)

    @types.coroutine
    def _steps(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, None, Any]:
        raised: BaseException | None = None
        while True:
            try:
                awaited = work.send(None) if raised is None else work.throw(raised)
            except StopIteration as ended:
                return ended.value
            self._count += 1
            if self._count == self._number:
                if self._at_the_end and awaited is not None:
                    awaited.add_done_callback(self._happen)
                else:
                    self._happen()
            raised = None
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001 - it is for the coroutine
                raised = error

    def _happen(self, *_: object) -> None:
        self.happened = True
        self._event()

    def _cancel(self) -> None:
        assert self._task is not None
        self._task.cancel()


def cuts(function: str) -> Iterator[Cut]:
    """Return a cut for both ends of every await of a coroutine function; each has to be tried before the next is taken."""
    for at_the_end in (False, True):
        for number in itertools.count(1):
            cut = Cut(function, number, at_the_end=at_the_end)
            yield cut
            if not cut.happened:
                assert cut.ran, f"{function} was not run by a task"
                break
