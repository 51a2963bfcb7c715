"""Umove."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

#: Degrees; what is less and not off is sent as this.
LOWEST_TEMPERATURE = 37

#: Milliseconds between two places of a timed move.
STEP_TIME = 100


class _States:
    """Every state packet: its number, and what it says of the place, depend on when all before it were sent."""

    def __init__(self, definition: DeviceDefinition) -> None:
        outputs = {type_ for feature in definition.features for type_ in feature.outputs}
        self._vibrates = OutputType.VIBRATE in outputs
        self._began = False
        self._vibration = self._place = self._number = 0
        self._heat: int | None = None

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        began, self._began = self._began, True
        if orders:
            return [packet for order in orders for packet in self._packets(order)]
        if not began or not self._vibrates:
            return []
        self._vibration = self._heat = 0
        return [self._state(), _heat(0)]

    def _packets(self, order: Order) -> Iterator[Packet]:
        match order.command.output_type:
            case OutputType.TEMPERATURE:
                told, self._heat = self._heat, order.step and max(order.step, LOWEST_TEMPERATURE)
                if self._heat != told:
                    yield _heat(self._heat)
            case OutputType.VIBRATE:
                self._vibration = order.step
                yield self._state()
            case _:
                start, way = self._place, order.step - self._place
                count = max(min(abs(way), (order.command.duration or 0) // STEP_TIME), 1)
                for step in range(1, count + 1):
                    self._place = start + round(way * step / count)
                    yield self._state()

    def _state(self) -> Packet:
        self._number += 1
        return Packet(b"\x5a\xa5\x55\x00" + struct.pack("<HHII", self._vibration, 1, self._number - 1, self._place))


def _heat(value: int) -> Packet:
    return Packet(bytes.fromhex("5A A5 55 06 FF FF 00 00 FF FF FF FF") + bytes((value, 0xFF)))


DEVIATIONS = (
    Deviation(
        "umove",
        "a timed move takes its time; no state is sent that nobody asked for, nor an old one again; it is 37 degrees or off",
        _States,
    ),
)
