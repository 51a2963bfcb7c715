"""Kiiroo, generation 2.1."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _KiirooSpeed:
    """``[03 00 speed place]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected]

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or command.data[:2] != b"\x03\x00":
            return command
        speed, place = command.data[2:]
        return replace(command, data=bytes((0x03, 0x00, min(max(speed, 1), 99), place)))


DEVIATIONS = (
    Deviation(
        "kiiroo-v21", "a move has speed 1 to 99: 0 would not move the stroker, and it ignores what is over 99", _KiirooSpeed
    ),
)
