"""What one client is told: each of its messages is answered exactly once, now or when a device or a bus has done its part."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from buttplug.core.errors import ButtplugError, ButtplugUnknownError
from buttplug.core.log import logger_of
from buttplug.core.messages import Error, ServerMessage
from buttplug.core.text import printable

logger: logging.Logger = logger_of(__name__)

P = ParamSpec("P")

#: Messages of one client that may wait for their answers; one that is over it is answered with an error at once.
MAX_UNANSWERED = 1024
#: Of these, messages that may wait for a sensor or a scan: each is a task.
MAX_TASKS = 128


class Replies:
    """The way to one client.

    Args:
        send: Takes each message. Where it raises, the client is taken for gone.
        label: The client in logs.
        failed: Called when a message could not be sent.
    """

    def __init__(self, send: Callable[[ServerMessage], None], label: Callable[[], str], failed: Callable[[], None]) -> None:
        #: Messages that wait for their answers.
        self.unanswered: int = 0
        self._send = send
        self._label = label
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self._after_the_end: ButtplugError | None = None

    @property
    def is_full(self) -> bool:
        """Whether as many messages wait for their answers as may."""
        return self.unanswered >= MAX_UNANSWERED

    def require_room(self) -> None:
        """Raise where one more message may not wait for its answer.

        Raises:
            ButtplugUnknownError: As many wait as may.
        """
        if self.unanswered >= MAX_UNANSWERED:
            raise _too_many(self.unanswered)

    def deliver(self, message: ServerMessage) -> None:
        """Send a reply or an event. Every message to the client goes this way."""
        try:
            self._send(message)
        except Exception:
            logger.exception("%s: %s could not be sent", self._label(), type(message).__name__)
            self._failed()

    def refuse(self, id_: int, error: ButtplugError) -> None:
        """Answer with an error."""
        logger.debug("%s: message %d: %s", self._label(), id_, error)
        self.deliver(Error(id_, error.message, error.code))

    def answer_later(
        self, id_: int, answer: Callable[Concatenate[int, P], Awaitable[None]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run what answers a message, given its id; whatever goes wrong in it is the answer.

        Raises:
            ButtplugUnknownError: As many messages wait for their answers as may.
        """
        self.require_room()
        if len(self._tasks) >= MAX_TASKS:
            raise _too_many(len(self._tasks))

        async def run() -> None:
            try:
                await answer(id_, *args, **kwargs)
            except ButtplugError as error:
                self.refuse(id_, error)
            except Exception as error:
                logger.exception("%s: message %d", self._label(), id_)
                self.refuse(id_, fault(error))

        def finished(task: asyncio.Task[None]) -> None:
            self.unanswered -= 1
            self._tasks.discard(task)
            if task.cancelled():
                self.refuse(id_, self._after_the_end or ButtplugUnknownError("the program has ended"))

        task = asyncio.get_running_loop().create_task(run())
        self.unanswered += 1
        self._tasks.add(task)
        task.add_done_callback(finished)

    def cancel(self, error: ButtplugError) -> None:
        """Give up what waits for a sensor or a scan: it is answered with this error."""
        self._after_the_end = error
        for task in self._tasks:
            task.cancel()


def fault(error: Exception) -> ButtplugUnknownError:
    """Return what a client is told of a fault of the server."""
    return ButtplugUnknownError(f"the server failed: {type(error).__name__}: {printable(str(error), 200)}")


def _too_many(count: int) -> ButtplugUnknownError:
    return ButtplugUnknownError(f"{count} messages of this client wait for their answers: wait for these, then send more")
