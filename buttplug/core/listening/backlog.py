"""The backlog of a listening socket: few connections are accepted at once, and the system keeps many that wait."""

from __future__ import annotations

import socket
from collections.abc import Iterable

#: Connections that are accepted in one turn of the event loop; the ``backlog`` to give to asyncio.
ACCEPTED_A_TURN = 8
#: Connections that the system keeps until they are accepted.
KEPT_BY_SYSTEM = 100


def keep_waiting(listening: Iterable[socket.socket]) -> None:
    """Have the system keep :data:`KEPT_BY_SYSTEM` connections of each listening socket.

    asyncio uses one number, the backlog, for both: what the system keeps and what is accepted in a turn.
    """
    for one in listening:
        with one.dup() as same:
            same.listen(KEPT_BY_SYSTEM)
