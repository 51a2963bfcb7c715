"""Where a player is in its script: a time that runs, stands, jumps, and runs faster or slower."""

from __future__ import annotations

import asyncio


class Timeline:
    """The time of a script, by the clock of the event loop.

    Attributes:
        jumped: Whether the last change put it to another place, so that nobody knows where the parts are.
    """

    def __init__(self, speed: float) -> None:
        self.jumped: bool = True
        self._loop = asyncio.get_running_loop()
        self._time = 0.0
        self._since: float | None = None
        self._speed = speed
        self._change: asyncio.Future[None] = self._loop.create_future()

    @property
    def now(self) -> float:
        """Seconds of the script."""
        if self._since is None:
            return self._time
        return self._time + (self._loop.time() - self._since) * self._speed

    @property
    def runs(self) -> bool:
        """Whether it does not stand."""
        return self._since is not None

    @property
    def speed(self) -> float:
        """How many seconds of the script pass in a second."""
        return self._speed

    @property
    def change(self) -> asyncio.Future[None]:
        """What is done when the time stands, runs, jumps, or has another speed."""
        return self._change

    def set(self, time: float | None = None, *, runs: bool | None = None, speed: float | None = None) -> None:
        """Change it: put it to another time, have it run or stand, or give it another speed."""
        self.jumped = time is not None or (runs is True and not self.runs)
        self.correct(self.now if time is None else time)
        if speed is not None:
            self._speed = speed
        if runs is not None:
            self._since = self._loop.time() if runs else None
        self._change.set_result(None)
        self._change = self._loop.create_future()

    def correct(self, time: float) -> None:
        """Put it right by a little, which nobody has to be told."""
        self._time = time
        if self._since is not None:
            self._since = self._loop.time()

    def delay_until(self, time: float) -> float:
        """Return in how many seconds it will be a time of the script."""
        return (time - self.now) / self._speed
