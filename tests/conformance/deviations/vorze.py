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


class _PistonSpeed:
    """``[03 place speed]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._is_piston = _has(definition, OutputType.POSITION_WITH_DURATION)
        self._place = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected] if self._is_piston else expected

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet):
            return command
        model, place, speed = command.data
        if speed == (0 if place != self._place else 100):
            speed = 1
        self._place = place
        return replace(command, data=bytes((model, place, speed)))


def _has(definition: DeviceDefinition, type_: OutputType) -> bool:
    return any(type_ in feature.outputs for feature in definition.features)


DEVIATIONS = (
    Deviation("vorze-sa", "a slow move has speed 1, not 0; where the piston is already it does not race", _PistonSpeed),
)
