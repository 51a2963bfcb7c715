"""Game pads."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _StopInOne:
    """All four motors in every packet. Recorded, a stop ends one motor after the other."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return expected if orders else expected[-1:]


DEVIATIONS = (Deviation("sdl-gamepad", "a stop ends all motors at once: every packet has all of them", _StopInOne),)
