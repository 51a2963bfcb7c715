"""We-Vibe."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _RunningMotors:
    """``[0F 03 00 speeds 00 running 00 00]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected]

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or not command.data.startswith(b"\x0f\x03"):
            return command
        data = bytearray(command.data)
        data[5] = (2 if data[3] >> 4 else 0) | (1 if data[3] & 0xF else 0)
        return replace(command, data=bytes(data))


DEVIATIONS = (Deviation("wevibe", "a motor at speed 0 does not run: speed 0 alone would not switch it off", _RunningMotors),)
