"""Magic Motion."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

HEAD = bytes.fromhex("10 FF 04 0A 32 0A 00")


class _Oscillator:
    """``[… 04 08 vibration 64 00 04 08 oscillation 64 01]``. Recorded, an oscillator is refused and its speed always 0."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._oscillates = any(OutputType.OSCILLATE in feature.outputs for feature in definition.features)
        self._speeds: dict[int, int] = {}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        before = self._speeds
        if not self._oscillates or not (orders or before):
            return expected
        # Without an order it is a stop.
        self._speeds = before | {order.feature.index: order.step for order in orders} if orders else {0: 0, 1: 0}
        vibration, oscillation = self._speeds.get(0, 0), self._speeds.get(1, 0)
        nothing_new = not expected and self._speeds == before
        if nothing_new or list(expected) not in ([], [_packet(vibration, 0)]):
            return expected
        return [_packet(vibration, oscillation)]


def _packet(vibration: int, oscillation: int) -> Packet:
    return Packet(HEAD + bytes((0x04, 0x08, vibration, 0x64, 0x00, 0x04, 0x08, oscillation, 0x64, 0x01)))


DEVIATIONS = (Deviation("magic-motion-2", "a model that oscillates is told to, and stopped", _Oscillator),)
