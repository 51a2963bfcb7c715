"""What keeps a fault of the server to where it is: it is logged once, and everything else goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.log import logger_of

if TYPE_CHECKING:
    from buttplug.server.devices.device import Device

logger: logging.Logger = logger_of(__name__)


def log_failure(task: asyncio.Task[Any]) -> None:
    """Log what ended a task that nobody waits for: the done callback of all of them."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)


def spawn(tasks: set[asyncio.Task[None]], work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    """Do something in a task of its own, which is in ``tasks`` until it ends; a failure is logged."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    task.add_done_callback(log_failure)
    return task


async def finish(work: Coroutine[object, object, None]) -> None:
    """Do something to its end, even where the caller is cancelled meanwhile: that is raised when it is done.

    It has to set itself a limit, and ends sooner only where every task is cancelled, because the event loop ends.
    """
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        log_failure(task)
        raise cancelled
    task.result()


async def cancel_late(tasks: Collection[asyncio.Task[None]], limit: float) -> bool:
    """Wait ``limit`` seconds for tasks, and cancel those that go on for longer; return whether there were any."""
    if not tasks:
        return False
    _, late = await asyncio.wait(tuple(tasks), timeout=limit)
    for task in late:
        task.cancel()
    return bool(late)


def stop_all(devices: Iterable[Device], driver: object | None = None) -> list[asyncio.Future[ButtplugDeviceError | None]]:
    """Stop devices, or what one client drove of them; return the result of each, as :meth:`Device.stop` does.

    One that cannot even be asked keeps no other from being stopped; its result says so.
    """
    return [_stop(device, driver) for device in devices]


def begin_stops(devices: Iterable[Device]) -> None:
    """Stop devices for somebody who is not told when that is done, as :meth:`Device.begin_stop` does.

    One that cannot even be asked keeps no other from being stopped.
    """
    for device in devices:
        try:
            device.begin_stop()
        except Exception:
            logger.exception("%s could not be asked to stop", device.label)


def _stop(device: Device, driver: object | None) -> asyncio.Future[ButtplugDeviceError | None]:
    try:
        return device.stop(driver=driver)
    except Exception as error:
        logger.exception("%s could not be asked to stop", device.label)
        failed: asyncio.Future[ButtplugDeviceError | None] = asyncio.get_running_loop().create_future()
        failed.set_result(device.error(None, f"it could not be asked to stop: {error}"))
        return failed
