"""HTK's breast massager: one byte, for which of its two motors run; they have one speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

#: The byte for whether left and right run.
COMMANDS = {
    (True, True): 0x0B,
    (True, False): 0x0C,
    (False, True): 0x0D,
    (False, False): 0x0F,
}
SLOTS = by_index(2)


class HtkBm(Protocol):
    """Two vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        left, right = (value > 0 for value in fill(SLOTS, values))
        return (Packet(bytes((COMMANDS[left, right],))),)
