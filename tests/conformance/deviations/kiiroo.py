"""Kiiroo's strokers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _KiirooSpeed:
    """``[03 00 speed place]``; of generation 2 ``[place speed]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._head, self._speed = (b"", 1) if definition.protocol == "kiiroo-v2" else (b"\x03\x00", 2)

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        # What no order has caused is the hand-shake: its moves have speed 100.
        return [self._amend(command) for command in expected] if orders else expected

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or not command.data.startswith(self._head):
            return command
        data = bytearray(command.data)
        data[self._speed] = min(max(data[self._speed], 1), 99)
        return replace(command, data=bytes(data))


DEVIATIONS = tuple(
    Deviation(protocol, "a move has speed 1 to 99: 0 would not move the stroker, and it ignores what is over 99", _KiirooSpeed)
    for protocol in ("kiiroo-v2", "kiiroo-v21", "kiiroo-v21-initialized", "kiiroo-v3")
)
