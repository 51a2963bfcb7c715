"""The stops that a device still has to get. Pure bookkeeping: times are given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf
from typing import TypeAlias

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.server.devices.pacing.batches import Done, Wanted
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.devices.pacing.stop_batch import StopBatch

Answer: TypeAlias = tuple[Done, ButtplugError | None]

#: Seconds after which a failed stop is tried again.
RETRY_DELAY = 1.0
#: Seconds that the answer to a stop waits for earlier writes that may still arrive; then it is reported as not certain.
SETTLE_LIMIT = 5.0

NOT_CERTAIN = "it was told to stop, but it is not certain that it did: something that was sent before may still arrive"


def said_again(error: ButtplugError | None) -> None:
    """Take the answer to a command that repeats what something late may have overwritten: nobody waits for it."""


class OwedStops:
    """Stops that were asked for, that failed, and that something sent earlier may undo.

    Attributes:
        slots: The outputs to stop next.
        dones: Whom to answer when they are.
        may_arrive: Whether something that was given up may still arrive, whatever is written meanwhile.
        due: When :meth:`take_due` has something to do.
        must_repeat: Whether everything has to be said again, since something late may have overwritten it.
        must_tell: Whether :meth:`take_untold` has something.
    """

    def __init__(self) -> None:
        self.slots: set[Slot] = set()
        self.dones: list[Done] = []
        self.may_arrive: bool = False
        self.due: float = inf
        self.must_repeat: bool = False
        self.must_tell: bool = False
        self._failed: set[Slot] = set()
        self._retry_at = inf
        self._uncertain: set[Slot] = set()
        self._uncertain_dones: list[Done] = []
        self._uncertain_until = inf
        #: Levels that were told something behind an uncertain stop, and those that are to be told again what they were. Those
        #: who asked for such a stop wait for that: in the middle of a stop, and behind it.
        self._told_since: set[Slot] = set()
        self._to_tell: set[Slot] = set()
        self._tell_at = inf
        self._tell_first: list[Done] = []
        self._untold_dones: list[Done] = []
        #: Those who wait for the next stop in the place of one before it, and those who did for the one that was taken last.
        self._waiting: list[Done] = []
        self._waited: list[Done] = []

    @property
    def any(self) -> bool:
        """Whether there is an output that the device may not have stopped although it should."""
        return bool(self.slots or self._failed or self._uncertain or self._told_since or self._to_tell)

    def ask(self, slots: Iterable[Slot], dones: Iterable[Done]) -> None:
        """Have outputs stopped next."""
        self.slots.update(slots)
        self.dones += dones

    def ask_again(self, batch: StopBatch) -> None:
        """Have what is being stopped stopped once more, and answered only then, or when it fails."""
        self.slots |= batch.slots
        self.dones += batch.dones
        self._waiting += batch.dones
        batch.dones_of_next += batch.dones
        batch.dones = []

    def take_due(self, now: float) -> list[Answer]:
        """Have failed stops tried again whose time has come; return the answers to those that waited long enough."""
        if self._retry_at <= now:
            self.slots |= self._failed
            self._failed, self._retry_at = set(), inf
        if self._tell_at <= now:
            self._tell_at, self.must_tell = inf, True
        dones: list[Done] = []
        if self._uncertain_until <= now:
            dones = self._take_uncertain_dones()
        self._set_due()
        return [(done, ButtplugDeviceError(NOT_CERTAIN)) for done in dones]

    def take(self) -> tuple[set[Slot], list[Done]]:
        """Return what is to be stopped now, and whom to answer."""
        slots, dones = self.slots, self.dones
        self.slots, self.dones = set(), []
        self._waited, self._waiting = self._waiting, []
        self._failed -= slots
        return slots, dones

    def written(self, batch: StopBatch, now: float) -> list[Answer]:
        """Note a stop that the device got; return the answers."""
        self._told_since -= batch.slots
        answers = self._told_again(batch.slots)
        waiting = batch.dones if self.may_arrive else _both(batch.dones, self._tell_first)
        if self.may_arrive:
            self._uncertain |= batch.slots
            self._uncertain_dones += waiting
        else:
            self._untold_dones += waiting
        if waiting:
            self._uncertain_until = min(self._uncertain_until, now + SETTLE_LIMIT)
            self._set_due()
        return answers + [(done, None) for done in _without(batch.dones, waiting)]

    def failed(self, batch: StopBatch, error: ButtplugError, now: float) -> list[Answer]:
        """Have outputs stopped again soon whose stop was not written; return the answers.

        Also who was to be answered by the next stop is told now: while a device takes nothing, there is always a next one.
        """
        dones = batch.dones + _both(batch.dones_of_next, self.dones)
        self.dones = _without(self.dones, dones)
        self._failed |= batch.slots - self.slots
        self._retry_at = now + RETRY_DELAY if self._failed else inf
        self._set_due()
        return [(done, error) for done in dones]

    def told(self, slots: Collection[Slot]) -> Sequence[Answer]:
        """Note outputs that got something else since, and need no stop any more; return the answers.

        A part does: what arrives late moves it elsewhere, and for how long cannot be known.
        """
        if not (self._failed or self._uncertain or self._to_tell):
            return ()
        self._failed.difference_update(slots)
        levels = {slot for slot in self._uncertain.intersection(slots) if not slot[1].is_position}
        self._told_since |= levels
        self._uncertain -= levels
        return self._told_again(slots)

    def tell_again(self, slot: Slot) -> None:
        """Have a level told again what it was told, until that is written."""
        self._to_tell.add(slot)
        self.must_tell = True

    def take_untold(self) -> set[Slot]:
        """Return the levels to be told again now: none that is to be stopped."""
        self.must_tell = False
        return self._to_tell - self.slots - self._failed - self._uncertain

    def not_told(self, commands: Mapping[Slot, Wanted], now: float) -> None:
        """Note commands that failed. What was to be said again is tried again.

        Where something newer was asked for since, and failed, nobody wants what would be said: the output is stopped soon.
        """
        for slot in self._to_tell.intersection(commands):
            if commands[slot].done is said_again:
                self._tell_at = now + RETRY_DELAY
            else:
                self._failed.add(slot)
                self._retry_at = min(self._retry_at, now + RETRY_DELAY)
        self._set_due()

    def _told_again(self, slots: Collection[Slot]) -> list[Answer]:
        self._to_tell.difference_update(slots)
        if self._to_tell:
            return []
        dones, self._untold_dones, self._tell_first = self._untold_dones, [], []
        return [(done, None) for done in dones]

    def settled(self, batch: object) -> list[Answer]:
        """Note that nothing that was given up can arrive any more.

        Returns the answers to those who wait for the stop that is being written in the place of one before it: while writes
        are slow there may always be another one.
        """
        self.may_arrive, self.must_repeat = False, True
        if not isinstance(batch, StopBatch) or not batch.was_begun:
            return []
        late = _both(batch.dones, self._waited)
        batch.dones = _without(batch.dones, late)
        return [(done, ButtplugDeviceError(NOT_CERTAIN)) for done in late]

    def stop_uncertain_again(self) -> None:
        """Have those stopped once more that something else could have undone, unless something still can."""
        self.must_repeat = False
        if self.may_arrive:
            return
        if self._told_since:
            self._tell_first += self._uncertain_dones
        self.slots |= self._uncertain
        self.dones += self._uncertain_dones
        self._uncertain, self._told_since, self._uncertain_dones = set(), set(), []
        self._uncertain_until = self._uncertain_until if self._untold_dones else inf
        self._set_due()

    def abandon(self) -> list[Done]:
        """Return everybody who waits for an answer, and forget them; the stops are still owed."""
        dones = self.dones + self._take_uncertain_dones()
        self.dones, self._tell_first = [], []
        self._set_due()
        return dones

    def _take_uncertain_dones(self) -> list[Done]:
        dones = self._uncertain_dones + self._untold_dones
        self._uncertain_dones, self._untold_dones, self._uncertain_until = [], [], inf
        return dones

    def _set_due(self) -> None:
        self.due = min(self._retry_at, self._uncertain_until, self._tell_at)


def _both(dones: Sequence[Done], others: Iterable[Done]) -> list[Done]:
    """Return those that are among others, too. There may be thousands."""
    known = set(others)
    return [done for done in dones if done in known] if known else []


def _without(dones: Sequence[Done], others: Iterable[Done]) -> list[Done]:
    """Return those that are not among others."""
    known = set(others)
    return [done for done in dones if done not in known]
