"""An event loop whose clock jumps: when nothing is ready, time moves to the next timer at once.

Tests that use it wait for hours in microseconds, and every timer fires exactly when it is due.
"""

from __future__ import annotations

import asyncio
import selectors

#: Real seconds that a test may wait for something outside the loop (a thread, a socket) while no timer is pending.
PATIENCE = 10.0


class JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits while a timer is pending: it moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(PATIENCE)
            if not ready:
                raise RuntimeError("nothing will ever happen: no timer is pending and nothing is ready")
            return ready
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        self._selector_clock = JumpingSelector()
        super().__init__(self._selector_clock)
        # Timers due within the resolution are run together; virtual time is exact.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._selector_clock.now
