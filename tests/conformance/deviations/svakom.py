"""Svakom."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _IkerMotors:
    """``[55 03 03 00 01 vibrator]``, then ``[55 07 00 00 pulsator 00]``. Recorded, a motor is not told its 0."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._vibrator = self._pulsator = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if not expected:
            return expected
        levels = {order.feature.index: order.step for order in orders} or {0: 0, 1: 0}
        self._vibrator = levels.get(0, self._vibrator)
        self._pulsator = levels.get(1, self._pulsator)
        vibrator = Packet(bytes((0x55, 3, 3, 0, 1, self._vibrator)))
        pulsator = Packet(bytes((0x55, 7, 0, 0, self._pulsator, 0)))
        needless = self._vibrator and not self._pulsator and 1 not in levels
        return [vibrator] if needless else [vibrator, pulsator]


class _TaraxOff:
    """``[55 03 00 00 level mode]``. Recorded, level 0 is 1 in another mode, and nothing else."""

    OFF = Packet(bytes((0x55, 3, 0, 0, 1, 1)))
    ZEROS = Packet(bytes((0x55, 3, 0, 0, 0, 0)))

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [each for command in expected for each in ([command, self.ZEROS] if command == self.OFF else [command])]


DEVIATIONS = (
    Deviation("svakom-iker", "the vibrator and the pulsator are each told their own 0, and together", _IkerMotors),
    Deviation("svakom-tarax", "what is recorded for off may not stop the vibrator: zeros come behind it", _TaraxOff),
)
