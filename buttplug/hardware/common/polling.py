"""Buses that do not report what is plugged in and out, and so are polled."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from buttplug.core.log import logger_of
from buttplug.hardware.base import CommunicationManager, Discovery, Hardware
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.specifier import Specifier

logger: logging.Logger = logger_of(__name__)

#: Seconds between two looks at a bus.
LOOK_INTERVAL = 1.0

#: Seconds until a device that could not be connected is offered again: after the first failure, the second, and so on.
RETRY_DELAYS = (2.0, 5.0, 15.0, 60.0)

#: Seconds a link has to last to count as good. One that the server itself ends earlier, for instance because the device did
#: not answer the hand-shake, counts as a failed connect.
GOOD_LINK_TIME = 20.0


class Poll:
    """An action that is done at once and then every ``interval`` seconds, which may change, until it is stopped.

    A failure does not end it; the same failure is reported once, however often it happens in a row.
    """

    def __init__(self, name: str, action: Callable[[], Awaitable[None]], interval: float) -> None:
        self.name = name
        self.interval = interval
        self._action = action
        self._task: asyncio.Task[None] | None = None
        self._last_problem = ""
        #: What is being begun and was not stopped since.
        self._beginning: object = None

    def start(self, delay: float = 0.0) -> None:
        """Begin, after ``delay`` seconds; nothing happens while it runs."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(delay), name=f"{self.name} poll")

    async def stop(self) -> None:
        """End and wait for the end; nothing happens while it does not run. One that is being begun does not go on."""
        self._beginning = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def restart(self) -> None:
        """Do it now, and go on from here; one that is under way is given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self.start()

    async def begin(self) -> None:
        """Do it now, wait until it is done, and go on from here.

        Raises:
            HardwareError: It failed. It goes on all the same, and does not report that failure again.
        """
        await self.stop()
        self._last_problem = ""
        beginning = self._beginning = object()
        try:
            await self._action()
        except HardwareError as error:
            self._last_problem = error.message
            raise
        finally:
            if self._beginning is beginning:
                self.start(self.interval)

    async def _run(self, delay: float) -> None:
        await asyncio.sleep(delay)
        while True:
            try:
                await self._action()
            except HardwareError as error:
                if error.message != self._last_problem:
                    logger.warning("%s: %s", self.name, error)
                self._last_problem = error.message
            except Exception as error:
                if str(error) != self._last_problem:
                    logger.exception("%s: unexpected error", self.name)
                self._last_problem = str(error)
            else:
                self._last_problem = ""
            await asyncio.sleep(self.interval)


class PolledHardware(Hardware):
    """Hardware that knows why it is disconnected.

    Attributes:
        failed: Whether the link broke; False where the server closed it.
    """

    failed: bool = False

    @property
    def released(self) -> bool:
        """Whether the library has let the device go, so that no earlier write can still reach it."""
        return not self.connected

    def fail(self, reason: str) -> None:
        """For the bus: the device is gone; ``reason`` is how that was noticed."""
        self.failed = self.failed or self.connected
        self.lost(reason)


class PollingManager(CommunicationManager):
    """A bus whose devices are listed every second.

    A scan offers each device once for every time it appears, and again, ever less often, when connecting it fails, or when the
    server soon lets go of it because it does not answer as it should. A device whose link broke is offered when it is back,
    scan or not, until such a link has lasted: it may still be running, and then has to be stopped.
    """

    #: Whether the bus is listed outside scans too while devices are connected, because only the list tells that one is gone.
    watches: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._scanning = False
        self._listable = False
        self._poll = Poll(self.bus, self._poll_once, LOOK_INTERVAL)
        self._hardware: list[PolledHardware] = []
        self._lost: set[str] = set()
        self._returned: set[str] = set()
        self._offered: set[str] = set()
        self._connected_at: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._retry_at: dict[str, float] = {}

    @property
    def scanning(self) -> bool:
        return self._scanning and self._listable

    async def start_scanning(self) -> None:
        """Start looking for devices. When the bus cannot be listed, this starts as soon as it can, until it is stopped."""
        self._retry_at.clear()
        self._failures.clear()
        if self.scanning:
            return
        self._scanning = True
        self._listable = False
        self._offered.clear()
        await self._poll.begin()

    async def stop_scanning(self) -> None:
        # The poll goes on, and does nothing while nothing is to be looked for.
        self._scanning = False

    async def close(self) -> None:
        self._scanning = False
        await self._poll.stop()
        await asyncio.gather(*(hardware.disconnect() for hardware in self.connected))
        self._hardware.clear()
        self._lost.clear()
        self._returned.clear()

    @abstractmethod
    async def listed(self) -> list[Discovery]:
        """Return every device that is there now, connected or not; ``connect`` has to :meth:`adopt` what it makes.

        Raises:
            HardwareError: The bus cannot be listed.
        """

    @property
    def connected(self) -> list[PolledHardware]:
        """The devices that are connected or being connected."""
        return [hardware for hardware in self._hardware if hardware.connected]

    def adopt(self, hardware: PolledHardware) -> None:
        """Remember a device, before it is opened, so that it is not offered, is closed at the end, and is missed."""
        self._hardware.append(hardware)

    async def _poll_once(self) -> None:
        self._forget_released()
        if not (self._scanning or self._lost or (self.watches and self._hardware)):
            return
        try:
            found = {discovery.address: discovery for discovery in await self.listed()}
        except Exception:
            was_scanning, self._listable = self.scanning, False
            if was_scanning:
                self.on_scanning_finished()
            raise
        self._listable = True
        self._forget_released()
        self._offered &= found.keys()
        for address in self._failures.keys() - found.keys():
            del self._failures[address]
            self._retry_at.pop(address, None)
        kept = self._offered | {hardware.address for hardware in self._hardware}
        for address, discovery in found.items():
            wanted = self._scanning or address in self._lost
            if wanted and address not in kept and self._now >= self._retry_at.get(address, 0.0):
                self._offered.add(address)
                self.on_found(replace(discovery, connect=partial(self._connect, discovery)))

    def _forget_released(self) -> None:
        """Forget devices that were released, and note those that are to be connected again."""
        lost = {hardware.address for hardware in self._hardware if hardware.failed}
        self._lost |= lost
        self._offered -= lost
        released = [hardware for hardware in self._hardware if hardware.released]
        self._hardware = [hardware for hardware in self._hardware if not hardware.released]
        for hardware in released:
            connected_at = self._connected_at.pop(hardware.address, None)
            if connected_at is None:
                continue  # It was never connected, and that was counted.
            has_returned = hardware.address in self._returned
            self._returned.discard(hardware.address)
            if self._now >= connected_at + GOOD_LINK_TIME:
                self._failures.pop(hardware.address, None)
            elif not hardware.failed:
                self._count_failure(hardware.address)
                if has_returned:
                    # It was not ready, and may still be running.
                    self._lost.add(hardware.address)

    async def _connect(self, discovery: Discovery, specifiers: Sequence[Specifier]) -> Hardware:
        address = discovery.address
        connected = False
        try:
            hardware = await discovery.connect(specifiers)
            connected = True
        finally:
            if not connected:
                self._count_failure(address)
        self._connected_at[address] = self._now
        if address in self._lost:
            self._lost.discard(address)
            self._returned.add(address)
        return hardware

    def _count_failure(self, address: str) -> None:
        failures = self._failures.get(address, 0)
        self._failures[address] = failures + 1
        self._retry_at[address] = self._now + RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)]
        self._offered.discard(address)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()
