"""Signals, for programs with a synchronous server inside."""

from __future__ import annotations

from contextlib import AbstractContextManager

from buttplug.server import signals
from buttplug.sync.face.server import Server


def stop_on_signals(server: Server) -> AbstractContextManager[None]:
    """Have the devices of a server stopped before a signal such as SIGTERM ends this program, or Ctrl-Z suspends it.

    To be used in the main thread: ``with stop_on_signals(server): …``. Ctrl-C needs it not: it raises KeyboardInterrupt. See
    :func:`buttplug.server.stop_on_signals`.

    Raises:
        ValueError: This is not the main thread.
    """
    return signals.stop_on_signals(server._async)
