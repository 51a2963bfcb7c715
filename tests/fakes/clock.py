"""An event loop whose clock jumps: when nothing is ready, time moves to the next timer at once.

Tests that use it wait for hours in microseconds, and every timer fires exactly when it is due.
"""

from __future__ import annotations

import asyncio

from buttplug.testing.clock import put_on_virtual_time


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        put_on_virtual_time(self, 0.0)
