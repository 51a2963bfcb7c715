"""The Handy."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

#: The first id of an output.
FIRST = 2


class _RequestIds:
    """``[08 01 12 size 10 id …]``, the size and small ids in one byte each. Recorded, ids may begin later."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._skipped: int | None = None

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if orders and self._skipped is None and expected:
            first = expected[0]
            assert isinstance(first, Packet)
            self._skipped = first.data[5] - FIRST
        return [self._renumbered(command) for command in expected]

    def _renumbered(self, command: Command) -> Command:
        if not self._skipped or not isinstance(command, Packet):
            return command
        data = bytearray(command.data)
        data[5] -= self._skipped
        return replace(command, data=bytes(data))


DEVIATIONS = (Deviation("thehandy-v3", "the ids of outputs begin at 2: no other request takes one in between", _RequestIds),)
