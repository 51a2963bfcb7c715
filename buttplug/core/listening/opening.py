"""Beginning to listen, so that a port is free again where that is given up half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar


class Closable(Protocol):
    """What listens."""

    def close(self) -> object:
        """Stop listening."""


Listening = TypeVar("Listening", bound=Closable)


async def opened(opening: Awaitable[Listening]) -> Listening:
    """Return what listens, once it does. Where this is cancelled before, it listens no more when that is raised.

    asyncio alone leaves a port open whose opening is cancelled in the moment in which it begins to listen.
    """
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_close)
        await asyncio.wait({task})
        raise


def _close(opening: asyncio.Future[Listening]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
