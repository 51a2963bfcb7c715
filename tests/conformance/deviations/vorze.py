"""Vorze."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

WHOLE_WAY = 99


class _PistonSpeed:
    """``[03 place speed]``. Recorded, the piston is at 0 at first; where it is nobody knows."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._is_piston = _has(definition, OutputType.POSITION_WITH_DURATION)
        self._place: int | None = None

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if not self._is_piston:
            return expected
        durations = [order.command.duration or 0 for order in orders]
        return [self._amend(command, *durations[:1]) for command in expected]

    def _amend(self, command: Command, duration: int = 0) -> Command:
        if not isinstance(command, Packet):
            return command
        model, place, speed = command.data
        if self._place is None and not place:
            speed = _speed(WHOLE_WAY, duration)
        elif speed == (0 if place != self._place else 100):
            speed = 1
        self._place = place
        return replace(command, data=bytes((model, place, speed)))


def _speed(way: int, duration: int) -> int:
    share = 200 * duration / way / 6658
    return max(int(min(share**-1.21, 100)), 1) if share else 100


def _has(definition: DeviceDefinition, type_: OutputType) -> bool:
    return any(type_ in feature.outputs for feature in definition.features)


DEVIATIONS = (
    Deviation("vorze-sa", "a slow move has speed 1, not 0; where the piston is already it does not race", _PistonSpeed),
)
