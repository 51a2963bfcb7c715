"""OSSM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

SPEED = b"set:speed:"
FULL_SPEED = b"set:speed:100"


class _StreamingSpeed:
    """``go:streaming`` behind ``set:speed:50``. Recorded, places are streamed at the speed of the strokes before."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._speed = FULL_SPEED

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return list(self._amended(expected))

    def _amended(self, expected: Sequence[Command]) -> Iterator[Command]:
        for command in expected:
            yield command
            if not isinstance(command, Packet):
                continue
            if command.data.startswith(SPEED):
                self._speed = command.data
            elif command.data == b"go:streaming" and self._speed != FULL_SPEED:
                self._speed = FULL_SPEED
                yield Packet(FULL_SPEED, command.endpoint, command.response)


DEVIATIONS = (Deviation("ossm", "places are streamed at full speed, whatever the speed of the strokes was", _StreamingSpeed),)
