"""Youou."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _NoPatterns:
    """``[AA 55 number 02 03 01 speed running sum FF …]``, the sum the exclusive or of all before."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected]

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet):
            return command
        data = bytearray(command.data)
        slowed = min(data[6], 0xF7)
        data[8] ^= data[6] ^ slowed
        data[6] = slowed
        return replace(command, data=bytes(data))


DEVIATIONS = (Deviation("youou", "what is faster than F7 would be a pattern, so it is F7", _NoPatterns),)
