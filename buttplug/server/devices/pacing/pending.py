"""What is wanted of a device and not yet being written: at most one output of each slot, the newest. Pure bookkeeping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from buttplug.server.devices.pacing.batches import Done, Wanted
from buttplug.server.devices.pacing.owed import Answer
from buttplug.server.devices.pacing.slots import Slot, slot_of
from buttplug.server.protocols.base import Output


class Pending:
    """The outputs that are wanted, by slot. ``since`` is when the oldest of them was, infinity where there is none."""

    def __init__(self) -> None:
        self.wanted: dict[Slot, Wanted] = {}
        self.since: float = inf

    def add(self, output: Output, done: Done, now: float) -> Sequence[Answer]:
        """Want an output; return the answer to the one that it replaces."""
        slot, wanted = slot_of(output.feature, output.type), self.wanted
        if not wanted:
            self.since = now
        elif (replaced := wanted.pop(slot, None)) is not None:
            wanted[slot] = Wanted(output, done)
            return ((replaced.done, None),)
        wanted[slot] = Wanted(output, done)
        return ()

    def drop(self, slots: Iterable[Slot]) -> list[Answer]:
        """Want nothing of these slots any more; return the answers to what was wanted."""
        dropped = [self.wanted.pop(slot) for slot in slots if slot in self.wanted]
        if not self.wanted:
            self.since = inf
        return [(wanted.done, None) for wanted in dropped]

    def take(self) -> dict[Slot, Wanted]:
        """Return everything that is wanted, to be written now."""
        wanted, self.wanted, self.since = self.wanted, {}, inf
        return wanted
