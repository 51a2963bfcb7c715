"""Kiiroo's strokers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _KiirooSpeed:
    """``[03 00 speed place]``; of generation 2 ``[place speed]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._head, self._speed = (b"", 1) if definition.protocol == "kiiroo-v2" else (b"\x03\x00", 2)
        self._was_moved = False

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        moves = [order for order in orders if order.command.output_type is OutputType.POSITION_WITH_DURATION]
        if not moves:
            # What no order has caused is the hand-shake: its moves have speed 100.
            return expected
        first_duration = None if self._was_moved or moves[0].step else moves[0].command.duration
        self._was_moved = True
        return [self._amend(command, first_duration) for command in expected]

    def _amend(self, command: Command, first_duration: int | None) -> Command:
        if not isinstance(command, Packet) or not command.data.startswith(self._head):
            return command
        data = bytearray(command.data)
        if first_duration:
            # To 0 from a place that is not known: recorded, it is taken to be there already.
            data[self._speed] = min(int(99 * 250 * (first_duration * 0.9) ** -1.05), 99)
        data[self._speed] = min(max(data[self._speed], 1), 99)
        return replace(command, data=bytes(data))


DEVIATIONS = tuple(
    Deviation(protocol, "a move has speed 1 to 99: 0 would not move the stroker, and it ignores what is over 99", _KiirooSpeed)
    for protocol in ("kiiroo-v2", "kiiroo-v21", "kiiroo-v21-initialized", "kiiroo-v3")
)
