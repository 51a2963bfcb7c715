"""How events reach the program: through callbacks, one after the other, and through iterators."""

from __future__ import annotations

import asyncio
import inspect
import logging
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeAlias

from buttplug.client.events import ClientEvent, ErrorReceived
from buttplug.client.stream import Stream
from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)

#: A callback and what it is called with, ready to be called.
Call: TypeAlias = Callable[[], object]


class EventDelivery:
    """Delivers events to iterators at once, and to callbacks one after the other, in a task that exists while there are any.

    A callback may therefore take its time and use the client, while messages go on being read. A plain function has run before
    whoever waits for a later reply of the server goes on. One that raises breaks nothing and is reported: on the log, and by
    an :class:`ErrorReceived`, unless it was called for one.

    Args:
        call_for: Returns what is to be called for an event, None for nothing. It is asked when it is the event's turn.
        owner: Whose callbacks they are, for the log.
    """

    def __init__(self, call_for: Callable[[ClientEvent], Call | None], owner: object) -> None:
        self._call_for = call_for
        self._owner = owner
        self._events: deque[ClientEvent] = deque()
        self._task: asyncio.Task[None] | None = None
        self._streams: weakref.WeakSet[Stream[ClientEvent]] = weakref.WeakSet()

    def emit(self, event: ClientEvent) -> None:
        """Deliver an event, after those before it."""
        self.emit_to_iterators(event)
        self._events.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def emit_to_iterators(self, event: ClientEvent) -> None:
        """Deliver an event that is not for callbacks."""
        for stream in self._streams:
            stream.put(event)

    def iterate(self) -> AsyncIterator[ClientEvent]:
        """Return an iterator over all events from now on. It is forgotten when nobody holds it any more."""
        stream = Stream[ClientEvent]()
        self._streams.add(stream)
        return stream

    def end_iterators(self) -> None:
        """Let all iterators come to their end."""
        for stream in self._streams:
            stream.end()
        self._streams.clear()

    async def _run(self) -> None:
        while self._events:
            event = self._events.popleft()
            call = self._call_for(event)
            if call is not None:
                await self._call(call, event)

    async def _call(self, call: Call, event: ClientEvent) -> None:
        try:
            result = call()
            if inspect.isawaitable(result):
                await result
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not this task was cancelled, but something that the callback waited for.
            logger.warning("A callback of %r was cancelled", self._owner)
        except Exception as error:
            # A program's fault: it is reported, and breaks nothing.
            logger.exception("A callback of %r, called for %s, raised an exception", self._owner, type(event).__name__)
            if not isinstance(event, ErrorReceived):
                self.emit(ErrorReceived(error))


def call_with(callback: Callable[..., object] | None, *arguments: object) -> Call | None:
    """Return a callback, if there is one, with what it is to be called with."""
    return None if callback is None else partial(callback, *arguments)
