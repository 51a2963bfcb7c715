"""From opening everything to the exit code: whatever ends the program, it is closed, and its devices are stopped."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.server.ports import PortInUseError
from buttplug.server.program import exit_codes
from buttplug.server.program.port_owner import port_owner
from buttplug.server.program.signals import Signals
from buttplug.server.program.systemd import ServiceManager

logger: logging.Logger = logger_of("buttplug.server.main")

#: Seconds that stopping goes on after a second signal: what starts and ends programs often sends two at once.
LAST_GRACE = 0.3


async def live(
    opening: Coroutine[object, object, None],
    close: Callable[[], Coroutine[object, object, list[str]]],
    signals: Signals,
    service: ServiceManager,
) -> int:
    """Open, wait for a signal that ends the program, and close; return the exit code.

    ``close`` returns a sentence for each device that could not be stopped.
    """
    code = exit_codes.OK
    try:
        await _open_and_wait(opening, signals)
    except PortInUseError as error:
        owner = port_owner(error.port)
        code = fail(error.message + ("" if owner is None else f" (it is {owner})"), exit_codes.PORT_IN_USE)
    except ButtplugConnectorError as error:
        code = fail(error.message, exit_codes.FAILED)
    except Exception:
        logger.exception("the server failed; every device is stopped")
        code = exit_codes.INTERNAL_ERROR
    service.stopping()
    try:
        return await _close(close(), signals) or code
    except Exception:
        logger.exception("the server failed while it was ending")
        return exit_codes.INTERNAL_ERROR


def fail(message: str, code: int) -> int:
    """Tell on stderr why the program ends, and return the exit code."""
    sys.stderr.write(f"buttplug-server: {escaped(message)}\n")
    return code


async def _open_and_wait(opening: Coroutine[object, object, None], signals: Signals) -> None:
    """Open everything and return when a signal comes, be it before all is open."""
    opened = asyncio.create_task(opening)
    ending = asyncio.create_task(signals.next())
    try:
        await asyncio.wait([opened, ending], return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            await opened
            await ending
        else:
            opened.cancel()
            await asyncio.wait([opened], timeout=LAST_GRACE)
    finally:
        ending.cancel()


async def _close(close: Coroutine[object, object, list[str]], signals: Signals) -> int:
    """Close, but do not wait for it much longer when a second signal comes."""
    closing = asyncio.create_task(close)
    again = asyncio.create_task(signals.next())
    await asyncio.wait([closing, again], return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    if not closing.done():
        await asyncio.wait([closing], timeout=LAST_GRACE)
    if not closing.done():
        closing.cancel()
        logger.error("asked again to end while stopping: not every device has confirmed its stop")
        return exit_codes.NOT_STOPPED
    return exit_codes.NOT_STOPPED if closing.result() else exit_codes.OK
