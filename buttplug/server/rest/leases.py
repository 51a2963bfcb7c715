"""How long an output may run unless something else is asked of its feature."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: A device index and a feature index.
Feature = tuple[int, int]


class Leases:
    """The time left to each feature that is driven for a time only. ``over`` is called with one whose time is over."""

    def __init__(self, over: Callable[[Feature], None]) -> None:
        self._over = over
        self._timers: dict[Feature, asyncio.TimerHandle] = {}

    def set(self, feature: Feature, milliseconds: int | None) -> None:
        """Give a feature so much time from now on; without a number, all the time there is."""
        self.end(*feature)
        if milliseconds is not None:
            self._timers[feature] = asyncio.get_running_loop().call_later(milliseconds / 1000, self._end_of, feature)

    def end(self, device: int | None = None, feature: int | None = None) -> None:
        """Forget the leases of a feature, of a device, or all: they are stopped, or driven otherwise."""
        for known in [known for known in self._timers if device in (None, known[0]) and feature in (None, known[1])]:
            self._timers.pop(known).cancel()

    def _end_of(self, feature: Feature) -> None:
        del self._timers[feature]
        self._over(feature)
