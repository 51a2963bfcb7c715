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
        #: The newest command under way to a feature that had a lease, and when that would have been over.
        self._replaced: dict[Feature, tuple[object, float]] = {}

    def set(self, feature: Feature, milliseconds: int | None) -> Callable[[bool], None]:
        """Give a feature so much time from now on; without a number, all the time there is.

        Returns what is to be called when the command is answered, with whether it was taken. If it was not, the feature may go
        on as before: then the lease before holds again, unless something else was asked since.
        """
        replaced = self._replaced.get(feature)
        timer = self._timers.get(feature)
        self.end(*feature)
        if milliseconds is not None:
            self._timers[feature] = asyncio.get_running_loop().call_later(milliseconds / 1000, self._end_of, feature)
        command = object()
        if timer is not None:
            self._replaced[feature] = command, timer.when()
        elif replaced is not None:
            self._replaced[feature] = command, replaced[1]

        def answered(taken: bool) -> None:
            newest, over_at = self._replaced.get(feature, (None, 0.0))
            if newest is not command:
                return
            if taken:
                del self._replaced[feature]
            else:
                self.end(*feature)
                self._timers[feature] = asyncio.get_running_loop().call_at(over_at, self._end_of, feature)

        return answered

    def end(self, device: int | None = None, feature: int | None = None) -> None:
        """Forget the leases of a feature, of a device, or all: they are stopped, or driven otherwise."""
        for known in [*self._timers, *self._replaced]:
            if device in (None, known[0]) and feature in (None, known[1]):
                if (timer := self._timers.pop(known, None)) is not None:
                    timer.cancel()
                self._replaced.pop(known, None)

    def _end_of(self, feature: Feature) -> None:
        del self._timers[feature]
        self._over(feature)
