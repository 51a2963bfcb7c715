"""A console that is closed, or a user who logs off: Windows tells a program, and kills it when it has answered."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)

#: Console closed, user logs off, system shuts down. Ctrl-C and Ctrl-Break come as signals.
CLOSING = frozenset({2, 5, 6})


@contextmanager
def before_console_closes(act: Callable[[], object]) -> Iterator[None]:
    """Have something done, on a thread of the system's, before Windows kills this program; elsewhere nothing happens.

    Windows waits about five seconds for it.
    """
    if sys.platform != "win32":
        yield
        return
    import ctypes
    from ctypes import wintypes

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    def handler(event: int) -> bool:
        return console_event(event, act)

    ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, True)
    try:
        yield
    finally:
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, False)


def console_event(event: int, act: Callable[[], object]) -> bool:
    """Handle an event of the console; return whether that was all that is to happen."""
    if event not in CLOSING:
        return False
    try:
        act()
    except Exception:
        logger.exception("the console is closed, and the devices could not be stopped")
    return True
