"""Je Joue."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _BothMotors:
    """``[01 speed]`` for both motors. Recorded, ``[02 speed]`` runs the first alone."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._speeds: dict[int, int] = {}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        # Without an order it is a stop.
        self._speeds = self._speeds | {order.feature.index: order.step for order in orders} if orders else {}
        speeds = [speed for speed in self._speeds.values() if speed]
        if len(speeds) < 2:
            return expected
        both = bytes((0x01, min(speeds)))
        return [replace(command, data=both) if _is_first_alone(command) else command for command in expected]


def _is_first_alone(command: Command) -> bool:
    return isinstance(command, Packet) and command.data[0] == 0x02


DEVIATIONS = (Deviation("jejoue", "two motors that are to run both run, none faster than it was told", _BothMotors),)
