"""Bananasome Rocket X7: ``[A0 03 value value value]``, each 0..255, of the features 0 to 2, whatever they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

LEVELS = b"\xa0\x03"
SLOTS = by_index(3)


class Bananasome(Protocol):
    """A thruster and two vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(LEVELS + bytes(fill(SLOTS, values))),)
