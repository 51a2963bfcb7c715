"""Lelo."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _F1sV3Stop:
    """``[0A 12 motor pattern 00 00 00 00 speed 00]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._is_f1s_v3 = definition.identifier == "F1SV3"

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected] if self._is_f1s_v3 else expected

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or not command.data.startswith(b"\x0a\x12"):
            return command
        data = bytearray(command.data)
        data[3] = 0x08 if data[8] else 0x00
        return replace(command, data=bytes(data), response=True)


DEVIATIONS = (
    Deviation("lelo-harmony", "the F1s V3 stops by pattern 0, and takes packets with acknowledgement only", _F1sV3Stop),
)
