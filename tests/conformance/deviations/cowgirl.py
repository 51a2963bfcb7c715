"""The Cowgirl Cone."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _ConeSpeed:
    """``[F1 01 speed 00]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if len(orders) != 1:
            return expected
        right = Packet(bytes((0xF1, 0x01, orders[0].step, 0x00)))
        return [right if isinstance(command, Packet) else command for command in expected]


DEVIATIONS = (Deviation("cowgirl-cone", "its speeds go to 128; the vector, which was never played, has 100", _ConeSpeed),)
