"""Buses whose devices a third-party library lists, by calls that block."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import ClassVar, Generic, NamedTuple, TypeVar

from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware
from buttplug.hardware.common.blocking import BlockingHardware
from buttplug.hardware.common.polling import PollingManager
from buttplug.hardware.common.threads import Worker
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError, HardwareError
from buttplug.hardware.specifier import Advertisement, Specifier

Entry = TypeVar("Entry")

#: Seconds that loading the library may take, and listing the devices.
LOAD_LIMIT = 8.0
LIST_LIMIT = 5.0


class Listing(Generic[Entry]):
    """A list that is asked for again and again, on a thread of its own.

    While a call hangs the library is not called again, so that calls do not pile up.
    """

    def __init__(self, what: str, load: Callable[[], object], entries: Callable[[], list[Entry]]) -> None:
        """``what`` is listed, for people: "serial ports". ``load`` and ``entries`` block; ``load`` tells what is missing."""
        self._what = what
        self._load = load
        self._entries = entries
        self._worker = Worker(f"list of {what}")
        self._pending: Future[list[Entry]] | None = None

    async def start(self) -> None:
        """Load the library.

        Raises:
            BusUnavailableError: It is missing, or does not load. Nothing is left running.
        """
        loaded = False
        try:
            await self._worker.call(self._load, LOAD_LIMIT)
            loaded = True
        except TimeoutError:
            raise BusUnavailableError(f"The library for {self._what} was not loaded within {LOAD_LIMIT:g} s") from None
        finally:
            if not loaded:
                self.end()

    async def entries(self) -> list[Entry]:
        """Return what is there now.

        Raises:
            BusUnavailableError: It cannot be listed.
        """
        if self._pending is None or self._pending.done():
            self._pending = self._worker.post(self._entries)
        try:
            async with asyncio.timeout(LIST_LIMIT):
                return await asyncio.shield(asyncio.wrap_future(self._pending))
        except TimeoutError:
            raise BusUnavailableError(f"The {self._what} could not be listed within {LIST_LIMIT:g} s") from None
        except Exception as error:
            raise BusUnavailableError(f"The {self._what} cannot be listed: {error}") from error

    def end(self) -> None:
        """Let the thread end."""
        self._worker.end()


class LibraryBus(CommunicationManager, Generic[Entry]):
    """A bus with a library that lists what is there. ``Entry`` is what it says of a device."""

    #: What is listed, for people: "serial ports".
    what: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._listing: Listing[Entry] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed."""
        return self._listing is not None

    async def open(self) -> None:
        listing = self._new_listing()
        await listing.start()
        self._listing = listing

    async def close(self) -> None:
        await super().close()
        if self._listing is not None:
            self._listing.end()
            self._listing = None

    async def check(self) -> BusReport:
        listing = self._new_listing()
        try:
            await listing.start()
            try:
                return self.report(await listing.entries())
            finally:
                listing.end()
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)

    async def entries(self) -> list[Entry]:
        """Return what is there now.

        Raises:
            BusUnavailableError: It cannot be listed.
        """
        assert self._listing is not None  # it is open
        return await self._listing.entries()

    @abstractmethod
    def load(self) -> object:
        """Load the library; on a thread.

        Raises:
            BusUnavailableError: It is missing.
        """

    @abstractmethod
    def list_entries(self) -> list[Entry]:
        """Return what is there now; on a thread. Any exception means that it cannot be listed."""

    @abstractmethod
    def report(self, entries: Sequence[Entry]) -> BusReport:
        """Return whether what is there can be used."""

    def _new_listing(self) -> Listing[Entry]:
        return Listing(self.what, self.load, self.list_entries)


class Listed(NamedTuple):
    """What the server has to know of a device that is there."""

    name: str
    address: str
    advertisement: Advertisement


class ListingManager(LibraryBus[Entry], PollingManager):
    """Offers every device that a library lists."""

    async def listed(self) -> list[Discovery]:
        return [Discovery(*self.describe(entry), partial(self._connect_entry, entry)) for entry in await self.entries()]

    @abstractmethod
    def describe(self, entry: Entry) -> Listed:
        """Return what the server has to know of a device."""

    @abstractmethod
    def hardware(self, entry: Entry, specifier: Specifier) -> BlockingHardware | None:
        """Return a device, not opened yet; None where it is not of the kind that is specified."""

    async def _connect_entry(self, entry: Entry, specifiers: Sequence[Specifier]) -> Hardware:
        name = self.describe(entry).name
        if not self.is_open:
            raise HardwareDisconnectedError(f"{name}: the {self.what} are closed")
        for specifier in specifiers:
            hardware = self.hardware(entry, specifier)
            if hardware is not None:
                self.adopt(hardware)
                await hardware.open()
                return hardware
        raise HardwareError(f"{name}: no specifier of a protocol names it")
