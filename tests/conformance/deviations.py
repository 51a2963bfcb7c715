"""Where a recording shows a defect that devices of this package must not meet, and what must come instead, exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command
from buttplug.server.devices.definition import DeviceDefinition
from tests.conformance.orders import Order

#: Turns what was recorded after some orders into what must come. It is asked for each exchange of a session in turn.
Rule: TypeAlias = Callable[[Sequence[Command], Sequence[Order]], Sequence[Command]]


class Deviation(NamedTuple):
    """A rule for a protocol, and the reason for it. ``rule`` makes one for a fresh device."""

    protocol: str
    reason: str
    rule: Callable[[DeviceDefinition], Rule]


class _KiirooSpeed:
    """``[03 00 speed place]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        pass

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected]

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet) or command.data[:2] != b"\x03\x00":
            return command
        speed, place = command.data[2:]
        return replace(command, data=bytes((0x03, 0x00, min(max(speed, 1), 99), place)))


class _PistonSpeed:
    """``[03 place speed]``."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._is_piston = _has(definition, OutputType.POSITION_WITH_DURATION)
        self._place = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        return [self._amend(command) for command in expected] if self._is_piston else expected

    def _amend(self, command: Command) -> Command:
        if not isinstance(command, Packet):
            return command
        model, place, speed = command.data
        if speed == (0 if place != self._place else 100):
            speed = 1
        self._place = place
        return replace(command, data=bytes((model, place, speed)))


class _RotateChange:
    """``RotateChange;`` before ``Rotate:speed;``. Recorded, it may have come with every negative speed and with no other."""

    FLIP = Packet(b"RotateChange;")

    def __init__(self, definition: DeviceDefinition) -> None:
        self._forward = True

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        speeds = [order.step for order in orders if order.command.output_type is OutputType.ROTATE and order.step]
        if len(speeds) != 1:
            return expected
        before, forward = self._forward, speeds[0] > 0
        self._forward = forward
        if (self.FLIP in expected) is forward:
            # Not as the defect has it.
            return expected
        rotate = [command for command in expected if isinstance(command, Packet) and command.data.startswith(b"Rotate:")]
        recorded = [*([] if forward else [self.FLIP]), *rotate]
        right = [*([] if forward is before else [self.FLIP]), *rotate]
        return _replaced(expected, recorded, right)


class _StrokerSteps:
    """``FSetSite:place;``, at least 100 ms apart. Recorded, it goes on for longer, by steps that were rounded down."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._place = 0

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        if len(orders) != 1 or orders[0].command.output_type is not OutputType.POSITION_WITH_DURATION:
            return expected
        start, goal, duration = self._place, orders[0].step, orders[0].command.duration or 0
        self._place = goal
        way, turns = goal - start, max(duration // 100, 1)
        direction = 1 if way > 0 else -1
        stride = max(abs(way) // turns, 1) * direction
        steps = max(min(abs(way), turns), 1)
        recorded = [*range(start + stride, goal, stride), goal]
        right = [start + round(way * step / steps) for step in range(1, steps + 1)]
        return _replaced(expected, _sites(recorded), _sites(right))


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
    Deviation(
        "kiiroo-v21", "a move has speed 1 to 99: 0 would not move the stroker, and it ignores what is over 99", _KiirooSpeed
    ),
    Deviation("vorze-sa", "a slow move has speed 1, not 0; where the piston is already it does not race", _PistonSpeed),
    Deviation("lovense", "a rotator is turned round when its direction changes, and only then", _RotateChange),
    Deviation("lovense", "a timed move takes its time: its steps are spread evenly, not truncated", _StrokerSteps),
    Deviation("tcode-v03", "an axis has the digits of its range, and does not turn the rotation axis R0", _TcodeDigits),
)


def deviations_of(protocol: str) -> list[Deviation]:
    """Return the rules for a protocol."""
    return [deviation for deviation in DEVIATIONS if deviation.protocol == protocol]


def _sites(places: Sequence[int]) -> list[Packet]:
    return [Packet(b"FSetSite:%d;" % place) for place in places]


def _replaced(commands: Sequence[Command], old: Sequence[Command], new: Sequence[Command]) -> Sequence[Command]:
    """Return commands with a run of them replaced; unchanged where there is no such run."""
    for start in range(len(commands)):
        if list(commands[start : start + len(old)]) == list(old):
            return [*commands[:start], *new, *commands[start + len(old) :]]
    return commands


def _has(definition: DeviceDefinition, type_: OutputType) -> bool:
    return any(type_ in feature.outputs for feature in definition.features)
