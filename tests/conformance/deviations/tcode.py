"""T-Code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.deviations import Deviation
from tests.conformance.orders import Order


class _TcodeDigits:
    r"""``L0500I1000\n`` and ``V050\n``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._upper = {
            (feature.index, type_): output.value[1]
            for feature in definition.features
            for type_, output in feature.outputs.items()
        }

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) if isinstance(command, Packet) else command for command in expected]

    def _amend(self, packet: Packet) -> Packet:
        lines = packet.data.decode().splitlines(keepends=True)
        return replace(packet, data="".join(map(self._line, lines)).encode())

    def _line(self, line: str) -> str:
        found = re.fullmatch(r"([LRV])(\d)(\d+)(I\d+)?\n", line)
        assert found is not None, f"{line!r} is no line that was ever recorded"
        letter, axis, magnitude, ramp = found[1], int(found[2]), int(found[3]), found[4] or ""
        if letter == "R":
            return ""
        type_ = OutputType.VIBRATE if letter == "V" else OutputType.POSITION_WITH_DURATION if ramp else OutputType.POSITION
        digits = len(str(max(self._upper[axis, type_] - 1, 0)))
        return f"{letter}{axis}{min(magnitude, 10**digits - 1):0{digits}}{ramp}\n"


DEVIATIONS = (
    Deviation("tcode-v03", "an axis has the digits of its range, and does not turn the rotation axis R0", _TcodeDigits),
)
