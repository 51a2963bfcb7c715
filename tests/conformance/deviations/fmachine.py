"""F-Machine."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


def _button(number: int, checksum: int) -> Packet:
    content = bytes((number, 0x64)).ljust(6, b"\x00") + b"1234"
    return Packet(content.ljust(17, b"\x00") + bytes((checksum,)), response=True)


SWITCH = [_button(0x01, 0xB6), _button(0x02, 0xB6)]
FASTER = [_button(0x05, 0xCC), _button(0x03, 0xCC)]
SLOWER = [_button(0x06, 0xCC), _button(0x03, 0xCC)]


class _Presses:
    """A press for each step from 1, the machine's lowest. Recorded, it is one more up than down, so the speed creeps up."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._step = 0
        self._pressed_while_off = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        before, self._step = self._step, orders[-1].step if orders else 0
        if self._step == before:
            return expected
        if before and self._step:
            return (FASTER if self._step > before else SLOWER) * abs(self._step - before)
        if self._step:
            # It may have taken no presses while it was off.
            return SWITCH + SLOWER * self._pressed_while_off + FASTER * (self._step - 1)
        self._pressed_while_off = before - 1
        return SWITCH + SLOWER * self._pressed_while_off


DEVIATIONS = (
    Deviation("fmachine", "as many presses go up as down, from the lowest step; a stop switches off at once", _Presses),
)
