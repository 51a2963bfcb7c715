"""Signals: no device runs on when one of them ends, or suspends, the program that the server is in.

A library must not take over the signals of a program, so :func:`stop_on_signals` does so only where it is asked to. The server
as a program of its own handles them by itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from buttplug.core.log import logger_of
from buttplug.server.outside import run_from_outside, runs_in_this_thread
from buttplug.server.server import OUTSIDE_LIMIT, ButtplugServer

logger: logging.Logger = logger_of(__name__)

Handler = Callable[[int, FrameType | None], object] | int | None


def _known(names: str) -> tuple[signal.Signals, ...]:
    return tuple(getattr(signal, name) for name in names.split() if hasattr(signal, name))


#: What ends a program that does nothing about it: sent by people, terminals, service managers, and by the system when a limit
#: of resources is reached or the power fails. Python itself does something about SIGINT; SIGKILL cannot be handled.
ENDING = _known("SIGTERM SIGHUP SIGBREAK SIGQUIT SIGABRT SIGALRM SIGVTALRM SIGPROF SIGUSR2 SIGXCPU SIGIO SIGPWR")
#: What suspends it: Ctrl-Z. SIGSTOP cannot be handled.
SUSPENDING = _known("SIGTSTP")

SUSPENDED = "the server is being suspended"


@contextmanager
def stop_on_signals(server: ButtplugServer) -> Iterator[None]:
    """Have the devices of an embedded server stopped before a signal ends or suspends this program.

    While the context is open, a signal of :data:`ENDING` closes the server first and then does what it did before, for
    instance end the program. Ctrl-Z stops every device, ends every session, and then suspends it; while a device does not
    confirm its stop it does not. Signals that are ignored stay so. Ctrl-C is not among them: it raises KeyboardInterrupt,
    and an event loop that ends stops its devices by itself.

    To be used in the main thread, around the ``async with`` of the server: a signal that comes while its devices are stopped
    at the end would end the program before they are. The server may be in the event loop of any thread; one in the main
    thread must not be blocked.

    Raises:
        ValueError: This is not the main thread.
    """
    handlers: dict[int, Handler] = {}
    began: float | None = None
    process = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal began
        if os.getpid() != process:
            # Forked off: the devices are not its own.
            raise_as_before(number)
            return
        suspender.give_up()
        if began is None:
            began = time.monotonic()
            _close(server, lambda: raise_as_before(number))
        elif time.monotonic() - began > OUTSIDE_LIMIT:
            # The event loop is blocked. Earlier ones are repetitions: terminals and service managers send several at once.
            raise_as_before(number)

    def raise_as_before(number: int) -> None:
        restore()
        signal.raise_signal(number)

    def suspend(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:
            raise_as_before(number)
        else:
            suspender.suspend()

    def restore() -> None:
        while handlers:
            number, handler = handlers.popitem()
            signal.signal(number, handler)

    for act, numbers in ((end, ENDING), (suspend, SUSPENDING)):
        for number in numbers:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                handlers[number] = signal.signal(number, act)
    suspender = Suspender(server, [handlers[number] for number in SUSPENDING if number in handlers])
    try:
        yield
    finally:
        restore()


class Stoppable(Protocol):
    """What drives devices, itself or through another server."""

    loop: asyncio.AbstractEventLoop | None

    def run_to_end(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something that must go on to its end."""

    async def stop_all(self) -> list[str]:
        """Stop every device; return what could not be stopped in time, a sentence for each."""

    async def pause(self, reason: str) -> list[str]:
        """Do the same, end every session, and accept none until :meth:`resume`."""

    def resume(self) -> None:
        """Accept clients again."""


class Suspender:
    """Suspends this process once every device has stopped.

    While a device does not confirm its stop, the process is not suspended: nothing would try to stop it any more.
    """

    def __init__(
        self, server: Stoppable, handlers: Sequence[Handler] = (signal.SIG_DFL,), before: Callable[[], None] = lambda: None
    ) -> None:
        """``handlers``: the one that does the suspending; ``before`` is called before that, when every device has stopped."""
        self._server = server
        self._before = before
        self._handlers = handlers
        self._is_under_way = False
        self._is_given_up = False

    def suspend(self) -> None:
        """Stop every device and end every session, then suspend this process; accept clients again when it goes on.

        While that is under way, a second time does nothing. To be called in a signal handler; it blocks where the event loop
        is that of another thread.
        """
        if self._is_under_way:
            return
        loop = self._server.loop
        if loop is None or loop.is_closed():
            self._suspend_if_stopped([])
            return
        # Noted here and not in the event loop: there the next one may have its turn only after the suspension.
        self._is_under_way = True
        if runs_in_this_thread(loop):
            loop.call_soon_threadsafe(lambda: self._server.run_to_end(self._pause_and_suspend()))
            return
        try:
            self._suspend_if_stopped(run_from_outside(loop, lambda: self._server.pause(SUSPENDED), OUTSIDE_LIMIT))
        except Exception:
            logger.exception("not suspended: the devices could not be stopped")
        finally:
            self._resume()

    def give_up(self) -> None:
        """Suspend no more: the process is to end, and would not while it is suspended."""
        self._is_given_up = True

    async def _pause_and_suspend(self) -> None:
        logger.info("every device is stopped, then this process is suspended")
        try:
            self._suspend_if_stopped(await self._server.pause(SUSPENDED))
        finally:
            self._resume()

    def _suspend_if_stopped(self, unstopped: Sequence[str]) -> None:
        if unstopped:
            logger.error("not suspended, since not every device has confirmed its stop; try again")
            return
        self._before()
        for handler in () if self._is_given_up else self._handlers:
            ours = signal.signal(signal.SIGTSTP, handler)
            signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, ours)

    def _resume(self) -> None:
        self._is_under_way = False
        self._server.resume()


def _close(server: ButtplugServer, then: Callable[[], None]) -> None:
    """Close a server from a signal handler, and do something in this thread when that is done."""
    loop = server.loop
    if loop is not None and runs_in_this_thread(loop):
        loop.call_soon_threadsafe(lambda: server.run_to_end(_close_and(server, then)))
        return
    try:
        if loop is not None and not loop.is_closed():
            server.close_from_outside()
    except Exception:
        logger.exception("the server could not be closed: a device may be running")
    then()


async def _close_and(server: ButtplugServer, then: Callable[[], None]) -> None:
    try:
        await server.close()
    finally:
        then()
