"""What an object of the synchronous face, and all that it gives out, reach the asynchronous one through."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, NoReturn, ParamSpec, Protocol, TypeVar

from buttplug.core.errors import ButtplugConnectorError, ButtplugError
from buttplug.core.log import logger_of
from buttplug.sync.iteration import Iteration
from buttplug.sync.loop import CallbackThread, EventLoopThread, ends_with_program, event_loop_thread

logger: logging.Logger = logger_of(__name__)

T = TypeVar("T")
Async = TypeVar("Async")
P = ParamSpec("P")

#: Seconds that Ctrl-C waits for the devices to stop.
INTERRUPT_LIMIT = 2.0


class Face(Protocol):
    """The synchronous face of something asynchronous."""

    def __init__(self, bridge: Bridge, thing: Any, /) -> None: ...


AnyFace = TypeVar("AnyFace", bound=Face)


class Bridge:
    """Runs what is asked for in the event loop's thread, and gives out synchronous faces for what comes back.

    Ctrl-C during a call stops the devices. When nobody holds the bridge any more, and when the program ends, it closes.

    Args:
        stop: Stops every device.
        close: Stops what was driven, and ends.
    """

    def __init__(
        self, *, stop: Callable[[], Coroutine[Any, Any, object]], close: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        self._thread: EventLoopThread = event_loop_thread()
        self._stop = stop
        self._faces: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()
        # The end of the program has its own way, which waits.
        weakref.finalize(self, self._thread.at_exit(close)).atexit = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._thread.loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop's thread, and return what it returns or raise what it raises."""
        try:
            return self._thread.run(work)
        except ButtplugError as error:
            raise self.faced(error) from None
        except KeyboardInterrupt:
            self._stop_interrupted()
            raise

    def _stop_interrupted(self) -> None:
        try:
            self._thread.run(asyncio.wait_for(self._stop(), INTERRUPT_LIMIT), to_end=True)
        except ButtplugConnectorError:
            pass  # Without a connection nothing is driven: its end stops the devices, and is told by itself.
        except TimeoutError:
            logger.error("Ctrl-C could not stop every device: no answer within %g s", INTERRUPT_LIMIT)  # noqa: TRY400
        except ButtplugError as error:
            logger.error("Ctrl-C could not stop every device: %s", error)  # noqa: TRY400

    def run_to_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the same with something that goes on when the waiting is interrupted."""
        try:
            return self._thread.run(work, to_end=True)
        except ButtplugError as error:
            raise self.faced(error) from None

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call something that needs no event loop."""
        try:
            return function(*arguments, **named)
        except ButtplugError as error:
            raise self.faced(error) from None

    def in_loop(self, function: Callable[[], T]) -> T:
        """Call something in the event loop's thread, and return what it returns or raise what it raises."""

        async def call() -> T:
            return function()

        return self.run(call())

    def iterate(self, begin: Callable[[], AsyncIterator[Async]]) -> Iteration[Any]:
        """Return an iterator over what an asynchronous one gives, which is made in the event loop's thread."""
        return Iteration(self, self.in_loop(begin))

    def close_soon(self, close: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Have something closed without waiting for it."""
        self._thread.begin(close)

    @property
    def can_wait(self) -> bool:
        """Whether the caller may wait for the event loop."""
        return self._thread.usable and not self._thread.is_this_thread and not ends_with_program()

    def face(self, kind: type[AnyFace], thing: object) -> AnyFace:
        """Return the face of something: the same one as long as somebody holds it."""
        with self._lock:
            face: AnyFace | None = self._faces.get(id(thing))
            if face is None:
                # It holds what it is the face of, so that no other thing can have the same id meanwhile.
                face = self._faces[id(thing)] = kind(self, thing)
            return face

    def faces(self, kind: type[AnyFace], things: Iterable[object]) -> list[AnyFace]:
        """Return the faces of several things."""
        return [self.face(kind, thing) for thing in things]

    def faces_by_index(self, kind: type[AnyFace], things: dict[int, Any]) -> dict[int, AnyFace]:
        """Return the faces of things by their index, as they are at this moment."""
        # Copied in one go, since the event loop changes them meanwhile.
        return {index: self.face(kind, thing) for index, thing in dict.copy(things).items()}

    def faced(self, value: Any) -> Any:
        """Return a device, feature, event, reading or error as the synchronous face has it, and anything else as it is."""
        # That module needs the classes that need this one.
        from buttplug.sync.translation import faced

        return faced(self, value)

    def in_thread(self, callback: Callable[..., T] | None) -> Callable[..., Awaitable[T | None]] | None:
        """Return what calls a callback in a thread of its own, so that it may use the synchronous face itself. What the
        callback returns is returned, None where nobody holds the bridge any more.

        Raises:
            TypeError: It is a coroutine function.
        """
        if callback is None:
            return None
        if inspect.iscoroutinefunction(callback):
            raise TypeError(f"{callback!r} is a coroutine function: callbacks of the synchronous face are plain functions")
        bridge = weakref.ref(self)

        async def call(*arguments: object) -> T | None:
            if (living := bridge()) is None:
                return None
            return await _call_in_thread(callback, [living.faced(argument) for argument in arguments])

        return call


async def _call_in_thread(callback: Callable[..., T], arguments: list[object]) -> T:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], T]] = loop.create_future()

    def end(result: Callable[[], T]) -> None:
        if not ended.done():
            ended.set_result(result)

    def work() -> None:
        try:
            value = callback(*arguments)
        except BaseException as error:  # noqa: BLE001 whatever it is, it is raised where the callback was asked for
            loop.call_soon_threadsafe(end, partial(_raise, error))
        else:
            loop.call_soon_threadsafe(end, lambda: value)

    CallbackThread(work).start()
    return (await ended)()


def _raise(error: BaseException) -> NoReturn:
    if isinstance(error, Exception):
        raise error
    # In the event loop it would end the thread.
    raise RuntimeError(f"a callback raised {error!r}, which ends nothing in a thread of its own") from error
