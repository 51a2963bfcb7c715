"""What each output of a device was told last, and whether the device surely has it. Pure bookkeeping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from typing import TypeAlias

from msgspec import structs

from buttplug.core.messages import Range
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.protocols.base import Output

OnTold: TypeAlias = Callable[[Iterable[Output], float], None]


class Outputs:
    """The outputs of one device.

    ``told`` is what each was told last: 0 at first, for positions nothing. ``values`` has one value per feature, in index
    order, as packets that carry several features need them. Outputs in ``unsure`` may have another value at the device.
    """

    #: Gets what outputs were told, and when, once it was written.
    on_told: OnTold | None = None

    def __init__(self, ranges: Mapping[Slot, Range], others: Iterable[int] = ()) -> None:
        """``others`` are features that have outputs and are never told anything: their place in packets stays 0."""
        self.ranges: Mapping[Slot, Range] = ranges
        self._running: set[Slot] = set()
        self.told: dict[Slot, Output] = {slot: Output(*slot, 0) for slot in ranges if not slot[1].is_position}
        self.unsure: set[Slot] = set(ranges)
        self._of_feature: defaultdict[int, list[Slot]] = defaultdict(list)
        for slot in ranges:
            self._of_feature[slot[0]].append(slot)
        self.values: dict[int, int] = dict.fromkeys(sorted({*self._of_feature, *others}), 0)
        self.keep_inside(ranges)

    def note(self, outputs: Mapping[Slot, Output]) -> None:
        """Note what outputs are told."""
        for slot, output in outputs.items():
            self.told[slot] = output if output.start is None else structs.replace(output, start=None)
            self.values[output.feature] = output.value

    def written(self, outputs: Mapping[Slot, Output], now: float) -> None:
        """Note what outputs were told: the device surely has it."""
        for slot, output in outputs.items():
            self.told[slot] = output if output.start is None else structs.replace(output, start=None)
            self.values[output.feature] = output.value
            self.unsure.discard(slot)
            if not output.value:
                self._running.discard(slot)
        if self.on_told is not None:
            self.on_told(outputs.values(), now)

    def failed(self, outputs: Mapping[Slot, Output]) -> None:
        """Note what outputs may have been told: one that was to be lowered is raised again by no repeat, and with no other."""
        for slot, output in outputs.items():
            if not output.type.is_position and abs(output.value) < abs(self.told[slot].value):
                self.note({slot: output})

    @property
    def current(self) -> list[Output]:
        """What each output was told last, for those that were told anything."""
        return [self.told[slot] for slot in self.ranges if slot in self.told]

    @property
    def may_run(self) -> bool:
        """Whether a level was told to run, or may have been, and is not known to be 0 since."""
        return bool(self._running)

    def stopped(self, outputs: Mapping[Slot, Output], now: float) -> None:
        """Note outputs whose stop the device surely has. A part is where that left it, and not where it was told to be."""
        self.unsure.difference_update(slot for slot in outputs if not slot[1].is_position)
        self._running.difference_update(outputs)
        if self.on_told is not None:
            # A part that halts is not on its way any more, whatever time its command names.
            self.on_told([structs.replace(output, duration=0) for output in outputs.values()], now)

    def begin(self, outputs: Mapping[Slot, Output]) -> dict[int, int]:
        """Return the values of all features when these outputs have changed.

        Until that is certain they, and the others of their features, may have any value: one may undo what another did.
        """
        values = self.values.copy()
        for slot, output in outputs.items():
            values[output.feature] = output.value
            if output.value and not output.type.is_position:
                self._running.add(slot)
            self.unsure.update(self._of_feature[output.feature])
        return values

    def begin_stop(self, slots: Set[Slot]) -> None:
        """Note that outputs are being stopped, under the limits that they have by now."""
        self.unsure |= slots
        self.keep_inside(slots)

    def keep_inside(self, slots: Iterable[Slot]) -> None:
        """Move places into their ranges, which may have changed: they are sent again where others share a packet with them."""
        for slot in slots:
            feature, type_ = slot
            if not type_.is_position:
                continue
            if (last := self.told.get(slot)) is not None:
                self.told[slot] = structs.replace(last, value=self.inside(slot, last.value))
            if self._of_feature[feature] == [slot]:
                self.values[feature] = self.inside(slot, self.values[feature])

    def inside(self, slot: Slot, place: int) -> int:
        """Return the nearest place that a part may have."""
        low, high = self.ranges[slot]
        return min(max(place, low), high)
