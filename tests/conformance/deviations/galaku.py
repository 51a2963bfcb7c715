"""Galaku."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.galaku.cipher import enciphered
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _Rotator:
    """``[5A 00 00 01 40 03 first second 00 00]``, enciphered. Recorded, a rotator is refused and its speed always 0."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._has_rotator = any(OutputType.ROTATE in feature.outputs for feature in definition.features)
        self._speeds: dict[int, int] = {}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        before = self._speeds
        if not self._has_rotator or not (orders or before):
            return expected
        # Without an order it is a stop.
        self._speeds = before | {order.feature.index: order.step for order in orders} if orders else {0: 0, 1: 0}
        if not expected and self._speeds == before:
            return expected
        first, second = self._speeds.get(0, 0), self._speeds.get(1, 0)
        return [Packet(enciphered(bytes((0x5A, 0x00, 0x00, 0x01, 0x40, 0x03, first, second, 0x00, 0x00))))]


DEVIATIONS = (Deviation("galaku", "a model that rotates is told to", _Rotator),)
