"""Connections that nobody has accepted yet: the system keeps them, and few of them are accepted at once."""

from __future__ import annotations

import socket
from collections.abc import Iterable

#: Connections that are accepted in one turn of the event loop: the backlog to listen with.
ACCEPTED_A_TURN = 8
#: Connections that the system keeps until then.
KEPT_BY_SYSTEM = 100


def keep_waiting(listening: Iterable[socket.socket]) -> None:
    """Have the system keep more connections than are accepted in a turn: to asyncio the backlog is both."""
    for one in listening:
        with one.dup() as same:
            same.listen(KEPT_BY_SYSTEM)
