"""What a service manager is told: that the server is ready, that it is ending, and that its event loop still turns.

The protocol is that of systemd's ``sd_notify``; without the environment variables that ask for it nothing happens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

from buttplug.core.log import logger_of

logger: logging.Logger = logger_of(__name__)


class ServiceManager:
    """Tells the service manager that started this process, if one did and wants to know."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval = _watchdog_interval(environment)
        self._watchdog: asyncio.Task[None] | None = None

    def ready(self) -> None:
        """Tell that the server is ready, and from now on, where that is asked for, that it is alive."""
        self._tell("READY=1")
        if self._interval is not None:
            self._watchdog = asyncio.get_running_loop().create_task(self._keep_telling(self._interval))

    def stopping(self) -> None:
        """Tell that the server is ending."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._tell("STOPPING=1")

    async def _keep_telling(self, interval: float) -> None:
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(interval)

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(message.encode(), self._address)
        except OSError as error:
            logger.warning("the service manager could not be told %s: %s", message, error)


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """Return half the seconds after which the service manager takes this process for dead; None if it does not watch it."""
    microseconds, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or int(microseconds) == 0 or process != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
