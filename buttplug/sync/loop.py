"""The thread in which the event loop of the synchronous face runs: one for the process, from the first use to its end."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.interrupts import ctrl_c_waits
from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)

T = TypeVar("T")

#: Begins something in the event loop.
Work: TypeAlias = Callable[[], Coroutine[Any, Any, object]]

#: Seconds after which a waiting thread looks up: on Windows nothing else lets Ctrl-C through.
LOOK_UP = 0.1
#: Seconds that the end of the program waits for devices to stop.
EXIT_LIMIT = 3.0
#: Seconds that a call of a daemon thread gets no answer when the program ends: longer than that takes, but whoever waits for a
#: lock that this thread has must not do so for ever.
HOLD_LIMIT = 7.0


class EventLoopThread:
    """An event loop in a thread of its own. When the program ends, what was given to :meth:`at_exit` is done first."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self._process = os.getpid()
        self._at_exit: dict[int, Work] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._thread = threading.Thread(target=self.loop.run_forever, name="buttplug event loop", daemon=True)
        self._thread.start()
        atexit.register(self._exit)

    @property
    def usable(self) -> bool:
        """Whether it runs, in this process."""
        return self._process == os.getpid() and self._thread.is_alive()

    @property
    def is_this_thread(self) -> bool:
        """Whether the caller runs in its event loop."""
        return threading.get_ident() == self._thread.ident

    def run(self, work: Coroutine[Any, Any, T], *, to_end: bool = False) -> T:
        """Run something in the event loop, wait for it, and return what it returns or raise what it raises.

        When the waiting is interrupted, by Ctrl-C, what runs is cancelled; with ``to_end`` it goes on.

        When the program ends a daemon thread gets no answer any more: it ends with the program, in the midst of the call.

        Raises:
            RuntimeError: It was called in the event loop's own thread, which cannot wait for itself.
            ButtplugConnectorError: The process was forked, or ends.
        """
        _hold_at_exit()
        if not self.usable or self.is_this_thread:
            work.close()
            if self.is_this_thread:
                raise RuntimeError("this is the thread of the event loop: the synchronous face cannot be used in it")
            raise ButtplugConnectorError(
                "Not connected: this was made in another process, or the program ends; make a new one"
            )
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            while not future.done():
                try:
                    future.exception(LOOK_UP)
                except TimeoutError:
                    continue
        except BaseException:
            if not to_end:
                future.cancel()
            raise
        _hold_at_exit()
        return future.result()

    def begin(self, work: Work) -> None:
        """Run something in the event loop, and do not wait for it. May be called in any thread."""
        if self.usable:
            # It may be closed in this moment, by the end of the program, which has done it then.
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._begin, work)

    def at_exit(self, work: Work) -> Callable[[], None]:
        """Have something done when the program ends; returns a function that has it done at once instead."""
        self._at_exit[id(work)] = work

        def do_now() -> None:
            if self._at_exit.pop(id(work), None) is not None:
                self.begin(work)

        return do_now

    def _begin(self, work: Work) -> None:
        task: asyncio.Task[object] = self.loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _exit(self) -> None:
        """Stop all devices, and end the thread."""
        if not self.usable:
            return
        finishing = asyncio.run_coroutine_threadsafe(self._finish(), self.loop)
        try:
            with ctrl_c_waits():
                finishing.result(EXIT_LIMIT + LOOK_UP)
        except TimeoutError:
            logger.error("the program ends, and its event loop is blocked: a device may be running")  # noqa: TRY400
        except KeyboardInterrupt:
            pass  # The program ends already.
        except Exception:
            logger.exception("the program ends, and not everything could be closed: a device may be running")
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LOOK_UP)
        if not self._thread.is_alive():
            self.loop.close()

    async def _finish(self) -> None:
        # Copied in one go: other threads may still begin and end.
        works = [*self._at_exit.values()]
        tasks = [*self._tasks, *(self.loop.create_task(work()) for work in works)]
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=EXIT_LIMIT)
        if late:
            logger.error("the program ends, and not everything was closed within %g s: a device may be running", EXIT_LIMIT)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("the program ends, and something could not be closed: %s", error)


class CallbackThread(threading.Thread):
    """Runs a callback. What it raises is told by whoever called it, also when the program ends."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=work, name="buttplug callback", daemon=True)


#: Of each thread, whether it was held back.
_held = threading.local()


def ends_with_program() -> bool:
    """Whether the program ends, and this thread with it."""
    main, this = threading.main_thread(), threading.current_thread()
    if main.is_alive() or not this.daemon or isinstance(this, CallbackThread):
        return False
    return all(thread.daemon or thread is main for thread in threading.enumerate())


def _hold_at_exit() -> None:
    """Where this thread ends with the program wait for that, once: nothing new is begun, and no error is anybody's."""
    if ends_with_program() and not getattr(_held, "was", False):
        _held.was = True
        time.sleep(HOLD_LIMIT)


_lock = threading.Lock()
_thread: EventLoopThread | None = None


def event_loop_thread() -> EventLoopThread:
    """Return the thread of this process; it is started when it is asked for first."""
    global _thread
    with _lock:
        if _thread is None or not _thread.usable:
            _thread = EventLoopThread()
        return _thread


def _forget_after_fork() -> None:
    # Another thread may have held the lock when the process was forked.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
