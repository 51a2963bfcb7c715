"""Where a recording shows a defect that devices of this package must not meet, and what must come instead, exactly.

One module for each brand or family, with the rules in its ``DEVIATIONS``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import NamedTuple, TypeAlias

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


def deviations_of(protocol: str) -> list[Deviation]:
    """Return the rules for a protocol."""
    return [deviation for deviation in _all() if deviation.protocol == protocol]


@cache
def _all() -> tuple[Deviation, ...]:
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return tuple(deviation for module in modules for deviation in module.DEVIATIONS)


def replaced(commands: Sequence[Command], old: Sequence[Command], new: Sequence[Command]) -> Sequence[Command]:
    """Return commands with a run of them replaced; unchanged where there is no such run."""
    for start in range(len(commands)):
        if list(commands[start : start + len(old)]) == list(old):
            return [*commands[:start], *new, *commands[start + len(old) :]]
    return commands


class SecondMotor:
    """One packet with the speeds of two motors. Recorded, orders for the second are refused, and its speed is always 0.

    ``output`` is what the second motor of the models does that are meant, ``packet`` makes a packet of two speeds.
    """

    def __init__(self, definition: DeviceDefinition, output: OutputType, packet: Callable[[int, int], Packet]) -> None:
        self._is_meant = any(output in feature.outputs for feature in definition.features)
        self._packet = packet
        self._speeds: dict[int, int] = {}

    def __call__(self, expected: Sequence[Command], orders: Sequence[Order]) -> Sequence[Command]:
        before = self._speeds
        if not self._is_meant or not (orders or before):
            return expected
        # Without an order it is a stop.
        self._speeds = before | {order.feature.index: order.step for order in orders} if orders else {0: 0, 1: 0}
        first, second = self._speeds.get(0, 0), self._speeds.get(1, 0)
        nothing_new = not expected and self._speeds == before
        if nothing_new or list(expected) not in ([], [self._packet(first, 0)]):
            return expected
        return [self._packet(first, second)]
