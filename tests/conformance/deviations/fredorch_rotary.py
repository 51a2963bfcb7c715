"""Fredorch's rotary machine."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

FASTER, SLOWER, STOP = (Packet(bytes.fromhex(data)) for data in ("55030104aa", "55030205aa", "55032427aa"))


class _StepsAtOnce:
    """A packet for each step of speed. Recorded, they come up to 100 ms after the command, or never if the next is sooner."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._step: int | None = None

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if not orders:
            return [STOP] if self._step is not None else expected
        before, self._step = self._step or 0, orders[0].step
        if not self._step:
            return [STOP]
        return [FASTER if self._step > before else SLOWER] * abs(self._step - before)


DEVIATIONS = (
    Deviation("fredorch-rotary", "the steps to a speed are sent with the command, not by a later look at it", _StepsAtOnce),
)
