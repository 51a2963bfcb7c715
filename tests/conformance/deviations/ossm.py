"""OSSM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order

MENU, STREAMING = b"go:menu", b"go:streaming"
PLACE = b"stream:"
SPEED = b"set:speed:"
STOPPED, FULL_SPEED = b"set:speed:0", b"set:speed:100"
LIMITS = {b"set:depth:100", b"set:stroke:100"}


class _SpeedOnly:
    """``go:streaming`` behind ``set:speed:50``, ``false`` on ``txmode`` once it is in a mode, and a stop while it streams.

    Recorded, places are streamed at the speed of the strokes before, the limits that its user set at the machine are undone,
    and a stop sends nothing.
    """

    def __init__(self, definition: DeviceDefinition) -> None:
        self._speed = FULL_SPEED
        self._streams = self._halted = False

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if self._streams and not orders and not expected:
            self._speed, self._halted = STOPPED, True
        return list(self._amended(expected))

    def _amended(self, expected: Sequence[Command]) -> Iterator[Command]:
        speed_follows = any(isinstance(command, Packet) and command.data.startswith(SPEED) for command in expected)
        for command in expected:
            if not isinstance(command, Packet):
                yield command
            elif command.data not in LIMITS:
                if self._halted and command.data.startswith(PLACE):
                    yield from (Packet(MENU, response=True), Packet(STREAMING, response=True), *self._at_full_speed())
                yield command
                yield from self._behind(command, speed_follows=speed_follows)

    def _behind(self, packet: Packet, *, speed_follows: bool) -> Iterator[Packet]:
        if packet.data.startswith(SPEED):
            self._speed = packet.data
        elif packet.data.startswith(b"go:"):
            self._streams, self._halted = packet.data == STREAMING, False
            if self._streams and self._speed != FULL_SPEED:
                yield from self._at_full_speed()
        elif packet.endpoint == "txmode" and not speed_follows:
            yield Packet(self._speed, response=True)

    def _at_full_speed(self) -> Iterator[Packet]:
        self._speed, self._halted = FULL_SPEED, False
        yield Packet(FULL_SPEED, response=True)


DEVIATIONS = (
    Deviation("ossm", "it is told its speed again in every mode, and no limits but those that its user set", _SpeedOnly),
)
