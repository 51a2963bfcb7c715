"""Devices that were lost while they may have been running: they are not forgotten until they have been stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from buttplug.hardware.common.addresses import ByAddress, folded_address

#: Lost devices that are kept by name; of more, the oldest are only counted. Devices choose their own addresses, so without
#: a limit one device could fill the memory.
MOST_NAMED = 1000


class LostDevices:
    """Keeps the devices that were lost while they may have been running and have not been stopped since."""

    def __init__(self) -> None:
        self._labels: ByAddress[str] = ByAddress()
        self._unnamed = 0
        self._returning: set[asyncio.Future[Any]] = set()

    def __contains__(self, address: str) -> bool:
        return address in self._labels

    def add(self, address: str, label: str) -> None:
        """Note that a device was lost."""
        self._labels.setdefault(address, label)
        if len(self._labels) > MOST_NAMED:
            del self._labels[next(iter(self._labels))]
            self._unnamed += 1

    def wait_for(self, what: asyncio.Future[Any]) -> None:
        """Note something that has to end before it is known whether such a device is stopped: its connecting, or its stop."""
        self._returning.add(what)
        what.add_done_callback(self._returning.discard)

    def is_waited_for(self, what: asyncio.Future[Any]) -> bool:
        return what in self._returning

    def stopped(self, address: str) -> None:
        """Note that a device has confirmed that it is stopped."""
        self._labels.pop(address, None)

    async def settle(self, limit: float) -> None:
        """Wait up to ``limit`` seconds until those that are coming back are stopped, or have failed to come back."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while self._returning:
                    await asyncio.wait(tuple(self._returning), return_when=asyncio.FIRST_COMPLETED)

    def unstopped(self, connected: Collection[str]) -> list[str]:
        """Return a sentence for each that has not come back, given the addresses of those that are connected."""
        here = set(map(folded_address, connected))
        unstopped = [
            f"{label} was lost while it may have been running, and could not be stopped since"
            for address, label in self._labels.items()
            if address not in here
        ]
        if self._unnamed:
            unstopped.append(f"{self._unnamed} more devices were lost while they may have been running")
        return unstopped
