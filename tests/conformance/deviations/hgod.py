"""Hgod."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _AtOnce:
    """``[55 04 00 00 00 speed]``. Recorded, it comes up to 100 ms later, maybe in no step, and never for 0."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._told: int | None = None

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        # Without an order it is a stop, or the time before the first one.
        speed = orders[-1].step if orders else 0
        if speed == self._told or (self._told is None and not orders):
            return []
        self._told = speed
        return [Packet(bytes((0x55, 0x04, 0x00, 0x00, 0x00, speed)))]


DEVIATIONS = (Deviation("hgod", "a speed is sent at once, and speed 0 is sent instead of left to a time-out", _AtOnce),)
