"""Fredorch."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation, replaced
from tests.conformance.orders import Order

HEAD = "01 10 00 6B 00 05 0A"


class _FredorchMoves:
    """What was recorded for 0.51 of the way in 200 ms, then all of it in 50 ms, was never sent by anything."""

    RIGHT = (
        ("00 07 00 07 00 4B 00 4B 00 01 2E 7B", "00 0C 00 0C 00 50 00 50 00 01 F3 8E"),
        ("00 0F 00 0F 00 96 00 96 00 01 BC 52", "00 14 00 14 00 96 00 96 00 01 A9 A3"),
    )

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        for old, new in self.RIGHT:
            expected = replaced(expected, [_packet(old)], [_packet(new)])
        return expected


def _packet(registers: str) -> Packet:
    return Packet(bytes.fromhex(f"{HEAD} {registers}"))


DEVIATIONS = (
    Deviation("fredorch", "a place is ten times the step of 0..15, and its speed is that of the table", _FredorchMoves),
)
