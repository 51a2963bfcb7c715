"""Communication managers without a bus behind them: they note what they are told, and fail, hang or end when asked to."""

from __future__ import annotations

import asyncio

from buttplug.hardware.base import BusReport, CommunicationManager
from buttplug.hardware.errors import HardwareError


class FakeManager(CommunicationManager):
    """Scans until it is told to stop.

    Attributes:
        calls: What it was told, in order: "open", "start", "stop", "close".
        scan_time: Seconds after which a scan ends by itself; None for never.
        errors: What a call raises, by its name.
        delays: Seconds that a call takes, by its name.
        report: What a check finds; None for what a bus says that has nothing to check.
    """

    bus = "first bus"

    def __init__(self, *, scan_time: float | None = None) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.scan_time = scan_time
        self.errors: dict[str, Exception] = {}
        self.delays: dict[str, float] = {}
        self.report: BusReport | None = None
        self._scanning = False
        self._end: asyncio.TimerHandle | None = None

    @property
    def scanning(self) -> bool:
        return self._scanning

    async def open(self) -> None:
        await self._called("open")

    async def start_scanning(self) -> None:
        if self._scanning:
            return
        await self._called("start")
        self._scanning = True
        if self.scan_time is not None:
            self._end = asyncio.get_running_loop().call_later(self.scan_time, self.finish)

    async def stop_scanning(self) -> None:
        if not self._scanning:
            return
        await self._called("stop")
        self._scanning = False
        if self._end is not None:
            self._end.cancel()

    async def check(self) -> BusReport:
        await self._called("check")
        return await super().check() if self.report is None else self.report

    async def close(self) -> None:
        await self._called("close")
        self._scanning = False

    def finish(self) -> None:
        """End the scan by itself, and say so."""
        self._scanning = False
        self.on_scanning_finished()

    async def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.delays:
            await asyncio.sleep(self.delays[name])
        if name in self.errors:
            raise self.errors[name]


class SecondManager(FakeManager):
    """Another bus."""

    bus = "second bus"


class SaysSoWhenStopped(FakeManager):
    """Reports the end of a scan also when it was told to end it."""

    async def stop_scanning(self) -> None:
        was_scanning = self._scanning
        await super().stop_scanning()
        if was_scanning:
            self.on_scanning_finished()


def unplugged(what: str = "no adapter is plugged in") -> HardwareError:
    """Return what a bus raises that cannot be used."""
    return HardwareError(what)
