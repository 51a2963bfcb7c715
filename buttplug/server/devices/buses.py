"""The buses that devices come from: opened, scanned and closed, each within a time limit and apart from the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from buttplug.core.errors import ButtplugError
from buttplug.core.log import logger_of
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.errors import BusUnavailableError
from buttplug.server.supervision import spawn

logger: logging.Logger = logger_of(__name__)

#: Seconds that opening, starting or ending a bus may take.
BUS_LIMIT = 10.0
#: Seconds that a scan waits for buses that could not be opened before.
OPEN_AGAIN_LIMIT = 2.0


class Buses:
    """The communication managers of a server, and which of them can be used.

    ``tasks`` gets what goes on in the background. What goes wrong with a bus is logged, and concerns no other.
    """

    def __init__(self, managers: Iterable[CommunicationManager], tasks: set[asyncio.Task[None]]) -> None:
        self.managers: tuple[CommunicationManager, ...] = tuple(managers)
        self.usable: list[CommunicationManager] = []
        self._tasks = tasks
        self._opening: set[CommunicationManager] = set()
        self._is_closed = False
        self._problems: dict[tuple[CommunicationManager, str], str] = {}

    async def open(self) -> None:
        """Open every bus. One that cannot be used is left out with a warning."""
        await asyncio.gather(*(self._open(manager) for manager in self.managers))

    async def open_again(self, opened_late: Callable[[CommunicationManager], None]) -> None:
        """Open the buses that could not be used before: what was missing may be there by now.

        One that takes longer than :data:`OPEN_AGAIN_LIMIT` is not waited for; ``opened_late`` is called when it is open.
        """
        opening: dict[asyncio.Task[None], CommunicationManager] = {}
        for manager in self.managers:
            if manager not in self.usable and manager not in self._opening:
                self._opening.add(manager)
                opening[spawn(self._tasks, self._open_again(manager), f"opening {manager.bus}")] = manager
        if opening:
            for late in (await asyncio.wait(tuple(opening), timeout=OPEN_AGAIN_LIMIT))[1]:
                late.add_done_callback(partial(self._opened_late, opening[late], opened_late))

    async def survey(self) -> None:
        """Log what every open bus has, or lacks, now; what is told here is not told again when it is scanned."""
        await asyncio.gather(
            *(self._attempt(manager, "cannot be used", partial(_survey, manager)) for manager in tuple(self.usable))
        )

    @property
    def scanning(self) -> bool:
        """Whether any bus is being scanned."""
        return any(manager.scanning for manager in self.usable)

    async def start_scanning(self) -> bool:
        """Scan every bus that can be used; return whether one that was not being scanned is now, or has been."""
        idle = [manager for manager in self.usable if not manager.scanning]
        busy = [manager for manager in self.usable if manager.scanning]
        started, _ = await asyncio.gather(
            asyncio.gather(*(self.start(manager) for manager in idle)),
            asyncio.gather(*(self.start(manager) for manager in busy)),
        )
        return any(started)

    async def start(self, manager: CommunicationManager) -> bool:
        """Scan one bus; return whether that was possible."""
        return await self._attempt(manager, "cannot be used", manager.start_scanning)

    async def stop_scanning(self) -> None:
        """End the scan of every bus; that of one that still waits for its adapter too."""
        await asyncio.gather(
            *(self._attempt(manager, "did not end its scan", manager.stop_scanning) for manager in self.usable)
        )

    async def close(self, limit: float) -> None:
        """Close every bus; one that is still being opened, when it is.

        Those that take longer than ``limit`` seconds are not waited for: they go on, so that nothing of them stays open.
        """
        self._is_closed = True
        closing = [spawn(self._tasks, self._close(manager), f"closing {manager.bus}") for manager in self.managers]
        if closing and (await asyncio.wait(closing, timeout=limit))[1]:
            logger.warning("not every bus was closed within %g s", limit)

    def why_not(self) -> str:
        """Return why nothing can be scanned, for each bus."""
        if not self.managers:
            return (
                'no bus is turned on: give the server managers=[BluetoothManager()] or simulate=["Lovense Nora"]; the program'
                " has --use-bluetooth-le and its kin, and --simulate"
            )
        reasons = {manager: reason for (manager, _), reason in self._problems.items()}
        return "; ".join(f"{manager.bus}: {reasons.get(manager, 'not usable')}" for manager in self.managers)

    async def _open(self, manager: CommunicationManager) -> None:
        if await self._attempt(manager, "cannot be used", manager.open):
            if self._is_closed:
                await self._close(manager)
            else:
                self.usable.append(manager)

    async def _open_again(self, manager: CommunicationManager) -> None:
        try:
            await self._open(manager)
        finally:
            self._opening.discard(manager)

    def _opened_late(
        self, manager: CommunicationManager, tell: Callable[[CommunicationManager], None], _: asyncio.Task[None]
    ) -> None:
        if manager in self.usable:
            tell(manager)

    async def _close(self, manager: CommunicationManager) -> None:
        await self._attempt(manager, "did not close", manager.close)

    async def _attempt(self, manager: CommunicationManager, failure: str, act: Callable[[], Awaitable[None]]) -> bool:
        """Have a bus do something within its time limit; return whether it did. A failure is logged once until it changes."""
        try:
            async with asyncio.timeout(BUS_LIMIT):
                await act()
        except TimeoutError:
            reason = f"no answer within {BUS_LIMIT:g} s"
        except ButtplugError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001 one bus, one failure
            reason = f"{type(error).__name__}: {error}"
        else:
            self._problems.pop((manager, failure), None)
            return True
        if self._problems.get((manager, failure)) != reason:
            logger.warning("%s %s: %s", manager.bus, failure, reason)
            self._problems[manager, failure] = reason
        return False


async def _survey(manager: CommunicationManager) -> None:
    report = await manager.check()
    if not report.ok:
        raise BusUnavailableError(report.summary if report.remedy is None else f"{report.summary}: {report.remedy}")
    logger.info("%s: %s", manager.bus, report.summary)
