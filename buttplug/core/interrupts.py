"""Ctrl-C while devices are being stopped, or written to, which it would break off: they have to be stopped first."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

#: Seconds that Ctrl-C waits at most, from the beginning of the stops on.
LIMIT = 2.0


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Have a Ctrl-C that would raise KeyboardInterrupt do so behind this block, or after :data:`LIMIT` seconds.

    People press it twice. In the main thread the second one would end the event loop in the middle of a stop. Several such
    blocks may overlap. In other threads it changes nothing, nor where the program handles Ctrl-C in its own way.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if not isinstance(handler, _Waiting) and not _raises_keyboard_interrupt(handler):
        yield
        return
    if not isinstance(handler, _Waiting):
        handler = _Waiting(handler)
        signal.signal(signal.SIGINT, handler)
    handler.begin()
    try:
        yield
    finally:
        handler.end()


def raise_in_loop(interruption: BaseException) -> None:
    """Have the event loop end with a KeyboardInterrupt or SystemExit that came to a task which must go on."""

    def interrupt() -> None:
        raise interruption

    asyncio.get_running_loop().call_soon(interrupt)


class _Waiting:
    """Handles SIGINT while there are blocks for the end of which it waits."""

    def __init__(self, handler: Any) -> None:
        """``handler`` is the one that raises."""
        self._blocks = 0
        self._handler = handler
        self._until = 0.0
        self._came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # Without a block it is here because the program had another handler meanwhile, and took that back since.
        if self._blocks and time.monotonic() < self._until:
            self._came = True
        else:
            self._came = False
            self._handler(number, frame)

    def begin(self) -> None:
        if not self._blocks:
            self._until = time.monotonic() + LIMIT
        self._blocks += 1

    def end(self) -> None:
        self._blocks -= 1
        if self._blocks:
            return
        before = signal.default_int_handler if _has_ended(self._handler) else self._handler
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, before)
        if self._came:
            self._came = False
            signal.raise_signal(signal.SIGINT)


def _raises_keyboard_interrupt(handler: object) -> bool:
    return handler is signal.default_int_handler or _runner_of(handler) is not None


def _runner_of(handler: object) -> asyncio.Runner | None:
    """Return the runner of ``asyncio.run`` whose handler this is; it cancels the main task first, and then raises."""
    function: Callable[..., object] | None = handler.func if isinstance(handler, partial) else None
    runner = getattr(function, "__self__", None)
    return runner if isinstance(runner, asyncio.Runner) else None


def _has_ended(handler: object) -> bool:
    """Whether this is the handler of a runner that would have taken it back by now."""
    main = handler.keywords.get("main_task") if isinstance(handler, partial) else None
    return isinstance(main, asyncio.Task) and main.done()
