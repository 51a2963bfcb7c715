"""The signals that the program gets. All of them are handled in its event loop."""

from __future__ import annotations

import asyncio
import logging
import signal

from buttplug.core.log import logger_of
from buttplug.server.program.output import wait_until_written
from buttplug.server.signals import ENDING, SUSPENDING, Stoppable, Suspender

logger: logging.Logger = logger_of(__name__)

#: What stops every device, and nothing else.
STOPPING = tuple(getattr(signal, name) for name in ("SIGUSR1",) if hasattr(signal, name))
#: What would suspend a program in the background that uses its terminal: it must not be suspended, and can do without.
TERMINAL_USE = tuple(getattr(signal, name) for name in ("SIGTTOU", "SIGTTIN") if hasattr(signal, name))


class Signals:
    """Stops the devices, or suspends the program, when a signal asks for it, and keeps the signals that are to end it.

    To be made in the main thread, in the event loop.
    """

    def __init__(self, server: Stoppable) -> None:
        self._server = server
        self._suspender = Suspender(server, before=wait_until_written)
        self._ending: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, *ENDING, *STOPPING, *SUSPENDING):
            if signal.getsignal(number) is not signal.SIG_IGN or number is signal.SIGINT:
                # Not on every system can the loop itself handle signals.
                signal.signal(number, lambda number, _: self._pass_on(signal.Signals(number)))
        for number in TERMINAL_USE:
            signal.signal(number, signal.SIG_IGN)

    async def next(self) -> None:
        """Wait for a signal that is to end the program."""
        logger.info("%s: ending", (await self._ending.get()).name)

    def _pass_on(self, number: signal.Signals) -> None:
        if number in SUSPENDING:
            self._suspender.suspend()
            return
        if number not in STOPPING:
            self._suspender.give_up()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._handle, number)

    def _handle(self, number: signal.Signals) -> None:
        if number in STOPPING:
            self._server.run_to_end(self._stop_all(number))
        else:
            self._ending.put_nowait(number)

    async def _stop_all(self, number: signal.Signals) -> None:
        unstopped = await self._server.stop_all()
        for failure in unstopped:
            logger.error("%s", failure)
        if not unstopped:
            logger.info("%s: every device has stopped", number.name)
