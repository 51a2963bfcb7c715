"""Utimi: ``[A0 03 a b c d e AA]`` with the values of features 0 to 4, 0..255; what a model does not have is 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(5)


class Utimi(Protocol):
    """A vibrator and a thruster."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes((0xA0, 0x03, *fill(MOTORS, values), 0xAA))),)
