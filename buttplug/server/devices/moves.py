"""Where the parts of a device are that have a position: as far as it follows from what the device was sent."""

from __future__ import annotations

from msgspec import Struct

from buttplug.core.enums import OutputType
from buttplug.server.protocols.base import Output


class _Move(Struct):
    """On the way from ``start`` to ``target`` between the times ``started`` and ``ends``, evenly."""

    start: int
    target: int
    started: float
    ends: float

    def place(self, now: float) -> int:
        if now >= self.ends:
            return self.target
        share = (now - self.started) / (self.ends - self.started)
        return round(self.start + (self.target - self.start) * share)


class Moves:
    """The last move of each feature. Times are the event loop's, in seconds."""

    def __init__(self) -> None:
        self._moves: dict[int, _Move] = {}

    def begin(self, output: Output, lowest: int, now: float) -> None:
        """Note that a part was sent to a place. One whose place is not known yet is taken to be at the lowest it may have."""
        start = output.value
        if output.type is OutputType.POSITION_WITH_DURATION:
            before = self._moves.get(output.feature)
            start = lowest if before is None else before.place(now)
        self._moves[output.feature] = _Move(start, output.value, now, now + output.duration / 1000)

    def place_on_the_way(self, feature: int, now: float) -> int | None:
        """Return where a part is that is still moving; None for one at rest."""
        move = self._moves.get(feature)
        return None if move is None or now >= move.ends else move.place(now)
