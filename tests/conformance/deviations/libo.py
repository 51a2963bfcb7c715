"""Libo."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

VIBRATION, SUCTION = 0, 1


class _BothEnd:
    """``[vibration]`` on tx and ``[suction]`` on txmode, both where vibration ends. Orders are none for a stop."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._suction = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        steps = {order.feature.index: order.step for order in orders} or {VIBRATION: 0, SUCTION: 0}
        self._suction = steps.get(SUCTION, self._suction)
        if not expected or steps.get(VIBRATION) != 0:
            return expected
        return [Packet(b"\x00"), Packet(bytes((self._suction,)), endpoint="txmode")]


DEVIATIONS = (
    Deviation(
        "libo-vibes",
        "vibration that ends leaves suction on, which has its own value; a stop ends both, none of its packets is dropped",
        _BothEnd,
    ),
)
