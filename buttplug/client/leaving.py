"""The end of a session by the client: what it drove is stopped, and nothing else.

Closing the connection is enough: every known server stops the devices of a client that is gone. But a client that only closes
is never told whether they stopped, and could not tell its user. So it asks before it closes, in a way that each kind of server
does right at once, without a moment of waiting while motors run:

- ``Disconnect`` has a server stop what this client drove, and nothing that another client drives by now; it answers when that
  is done. Later messages it refuses, since the session is over.
- Servers that do not know ``Disconnect`` (the Rust engine up to 5.0.5 ignores it) do what is sent right behind it: a
  ``StopCmd`` for each feature that this client drove, subscriptions left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from buttplug.client.connection import Connection
from buttplug.client.request import Request
from buttplug.client.subject import Subject
from buttplug.core.enums import ErrorCode
from buttplug.core.errors import ButtplugConnectorError, ButtplugError
from buttplug.core.messages import Disconnect, Error, Ok, StopCmd

#: Seconds that closing waits for the server to say that what this client drove was stopped.
STOP_LIMIT = 2.0


async def stop_and_close(connection: Connection, driven: Sequence[Subject]) -> list[ButtplugError]:
    """Have the features stopped that this client drove, then close. From the beginning on nothing else is sent.

    Returns:
        What went wrong with the stops. The connection is closed all the same.
    """
    connection.stop_accepting()
    try:
        return await _stop(connection, driven) if driven else []
    finally:
        await connection.close()


async def _stop(connection: Connection, driven: Sequence[Subject]) -> list[ButtplugError]:
    stops: list[Request] = []
    try:
        async with asyncio.timeout(STOP_LIMIT):
            leaving = await connection.begin_last(Disconnect(connection.next_id()))
            for subject in driven:
                feature = None if subject.feature is None else subject.feature.index
                message = StopCmd(connection.next_id(), subject.device.index, feature, inputs=False, outputs=True)
                stops.append(await connection.begin_last(message, subject))
            return await _confirmation(leaving, stops)
    except TimeoutError:
        missing = [subject for subject in driven if subject not in {stop.subject for stop in stops if _is_ok(stop)}]
        return [ButtplugConnectorError(f"The server did not stop {subject} within {STOP_LIMIT:g} s") for subject in missing]
    except ButtplugConnectorError as error:
        return [error]


async def _confirmation(leaving: Request, stops: Sequence[Request]) -> list[ButtplugError]:
    """Wait until the server has confirmed all stops, in one way or the other; return what it says went wrong."""
    stopped = asyncio.ensure_future(_all_answered(stops))
    try:
        either: list[asyncio.Future[Any]] = [leaving.answer, stopped]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not _is_ok(leaving):
            await stopped
    finally:
        stopped.cancel()
    if any(_code(stop) == ErrorCode.INIT for stop in stops):
        # To the server the session is over, so it has understood: what counts is its answer to that, or its closing.
        await asyncio.wait([leaving.answer])
        return [leaving.failure(leaving.answer.result())] if _code(leaving) == ErrorCode.DEVICE else []
    if _is_ok(leaving):
        return []
    return [stop.failure(stop.answer.result()) for stop in stops if not _is_ok(stop)]


async def _all_answered(requests: Sequence[Request]) -> None:
    await asyncio.wait([request.answer for request in requests])


def _is_ok(request: Request) -> bool:
    return request.answer.done() and isinstance(request.answer.result(), Ok)


def _code(request: Request) -> int | None:
    """Return the code of the error that a request was answered with, if it was."""
    answer = request.answer.result() if request.answer.done() else None
    return answer.error_code if isinstance(answer, Error) else None
