"""Lovehoney Desire: ``[F3, motor, speed 0..127]``, acknowledged.

Motor 0 is all of them: it is used where there is one, or both have the same speed. Else each is told, motors 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

ALL_MOTORS = 0


class LovehoneyDesire(Protocol):
    """One or two vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        speeds = fill(by_index(min(len(values), 2)), values)
        if len(set(speeds)) == 1:
            return (_packet(ALL_MOTORS, speeds[0]),)
        return [_packet(motor, speed) for motor, speed in enumerate(speeds, start=1)]


def _packet(motor: int, speed: int) -> Packet:
    return Packet(bytes((0xF3, motor, speed)), response=True)
