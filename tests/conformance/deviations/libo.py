"""Libo."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

VIBRATION, SUCTION = 0, 1


class _BothAreTold:
    """``[vibration]`` on tx and ``[suction]`` on txmode, both where vibration ends. Orders are none for a stop."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._levels = {VIBRATION: 0, SUCTION: 0}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        steps = {order.feature.index: order.step for order in orders} or {VIBRATION: 0, SUCTION: 0}
        both_changed = all(steps.get(feature, level) != level for feature, level in self._levels.items())
        self._levels |= steps
        if not expected or not (both_changed or steps.get(VIBRATION) == 0):
            return expected
        vibration, suction = (bytes((level,)) for level in self._levels.values())
        return [Packet(vibration), Packet(suction, endpoint="txmode")]


DEVIATIONS = (
    Deviation(
        "libo-vibes",
        "vibration that ends leaves suction on, which has its own value; none of the packets for both is dropped",
        _BothAreTold,
    ),
)
