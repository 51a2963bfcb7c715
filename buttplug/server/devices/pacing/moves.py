"""Where the moving parts of a device are, as far as it follows from what the device was sent. Pure: times are given.

Nobody can ask a stroker where it is. Between two commands its place is estimated; where nothing supports an estimate (before
the first move, after an oscillation, after a write that may or may not have arrived, after a broken link) it is not known:
None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from msgspec import Struct, structs

from buttplug.server.protocols.base import Output, Protocol

#: Seconds behind the time a move should have taken in which it may still be under way: untimed moves and very short ones take
#: as long as the device needs, and what was written takes its time to arrive.
LAG = 1.0


class Move(Struct, frozen=True):
    """A part on its way to ``target``, evenly, from ``start`` (None: not known) at ``began`` until ``ends``, in seconds.

    ``ends`` is infinite for a move that the device may get at any time: it was given up, or is being written. Not ``sure``:
    the device may not make it, or not to its end, so that where the part is then is not known either.
    """

    start: int | None
    target: int
    began: float
    ends: float
    sure: bool = True

    def place(self, now: float) -> int | None:
        """Return where the part is."""
        if now >= self.ends:
            return self.target if self.sure else None
        if self.start is None:
            return None
        share = (now - self.began) / (self.ends - self.began)
        return round(self.start + (self.target - self.start) * share)

    def may_go_on(self, now: float) -> bool:
        """Whether the part may still be moving."""
        return now < self.ends + LAG


class Moves:
    """The last move of each feature that has a part with a place."""

    def __init__(self, left: Mapping[int, Move] | None = None) -> None:
        """``left``: moves that were under way when the link to the same device broke; where they are is not known."""
        self._moves = {feature: _from_anywhere(move) for feature, move in (left or {}).items()}

    def place(self, feature: int, now: float) -> int | None:
        """Return where a part is; None where that is not known."""
        move = self._moves.get(feature)
        return None if move is None else move.place(now)

    def started(self, output: Output, now: float) -> Output:
        """Return a command with the place that its part sets out from; one for a level as it is."""
        return structs.replace(output, start=self.place(output.feature, now)) if output.type.is_position else output

    def under_way(self, feature: int, now: float) -> Move | None:
        """Return the move that a part may still be on; None for one that is at rest, or was never sent anywhere."""
        move = self._moves.get(feature)
        return move if move is not None and move.may_go_on(now) else None

    def all_under_way(self, now: float) -> dict[int, Move]:
        """Return the moves that parts may still be on, by feature."""
        return {feature: move for feature, move in self._moves.items() if move.may_go_on(now)}

    def sent(self, outputs: Iterable[Output], protocol: Protocol, now: float) -> None:
        """Note what outputs that the device got do to their parts."""
        for output in outputs:
            if output.type.is_position:
                self._moves[output.feature] = Move(output.start, output.value, now, now + protocol.travel_time(output) / 1000)
            elif output.value:
                # What drives the same part in another way leaves it anywhere.
                self._moves.pop(output.feature, None)

    def may_be_sent(self, outputs: Iterable[Output], now: float) -> None:
        """Note outputs that the device may get at any time from now on, until something is written behind them."""
        for output in outputs:
            if output.type.is_position:
                self._moves[output.feature] = Move(None, output.value, now, inf)
            elif output.value and (move := self._moves.get(output.feature)) is not None:
                self._moves[output.feature] = _from_anywhere(move)

    def refused(
        self, outputs: Iterable[Output], protocol: Protocol, now: float, *, before: Mapping[int, Move], some_written: bool
    ) -> None:
        """Note outputs of which the bus refused a packet, or all; ``before`` are the moves that parts may still be on then."""
        for output in outputs:
            if not output.type.is_position:
                continue
            target, ends = output.value, now + protocol.travel_time(output) / 1000
            if (move := before.get(output.feature)) is not None:
                target, ends = target if some_written else move.target, max(ends, move.ends)
            self._moves[output.feature] = Move(None, target, now, ends, sure=False)

    def stopped(self, outputs: Iterable[Output], protocol: Protocol, now: float, *, may_arrive: bool) -> None:
        """Note that the moves of these parts were ended: where they were estimated to be, or with a last and slow way.

        ``may_arrive``: an earlier move may still set them in motion again.
        """
        for output in outputs:
            if not output.type.is_position:
                continue
            if may_arrive:
                self._moves[output.feature] = Move(None, output.value, now, inf)
            elif output.start is not None and output.start == output.value:
                self._moves[output.feature] = Move(output.start, output.start, -LAG, -LAG)
            elif protocol.halts:
                # It stands still anywhere, or goes that way.
                self._moves.pop(output.feature, None)
            else:
                self.sent([output], protocol, now)

    def may_be_stopped(self, outputs: Iterable[Output], now: float) -> None:
        """Note that these parts may have got what ends their moves, or not: where they are is not known any more."""
        for output in outputs:
            if (move := self._moves.get(output.feature)) is not None and output.type.is_position:
                ends = max(move.ends, now + output.duration / 1000)
                self._moves[output.feature] = Move(None, output.value, now, ends, sure=False)

    def may_have_moved(self) -> None:
        """Note that any part may have been set in motion by something earlier, until it is stopped or sent elsewhere."""
        for feature, move in self._moves.items():
            self._moves[feature] = structs.replace(move, start=None, ends=inf)


def _from_anywhere(move: Move) -> Move:
    return structs.replace(move, start=None, sure=False)
