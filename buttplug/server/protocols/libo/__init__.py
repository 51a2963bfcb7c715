"""Libo: packets of one byte on the endpoints ``tx`` and ``txmode``.

========== ======== ==========================================================
protocol   endpoint byte
========== ======== ==========================================================
libo-elle  txmode   vibration 0..3
libo-shark tx       vibration 0..3 in the high half, inflation 0..3 in the low
libo-vibes tx       vibration 0..100
..         txmode   suction 0..3
========== ======== ==========================================================

``tx`` of the Elle gives electric shocks: nothing is ever sent there. Toys of ``libo-vibes`` without suction stop fully only
when ``txmode`` is 0 too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.nibbles import nibbles
from buttplug.server.protocols.shared.slots import by_index, fill


class LiboElle(Protocol):
    """A vibrator."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes(fill(by_index(1), values)), endpoint="txmode"),)


class LiboShark(Protocol):
    """A vibrator that inflates."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes((nibbles(*fill(by_index(2), values)),))),)


class LiboVibes(Protocol):
    """A vibrator, of some models with suction."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        vibration, suction = fill(by_index(2), values)
        features = {output.feature for output in changed}
        if 0 in features:
            yield Packet(bytes((vibration,)))
        if 1 in features or not vibration:
            yield Packet(bytes((suction,)), endpoint="txmode")


PROTOCOLS: Mapping[str, type[Protocol]] = {"libo-elle": LiboElle, "libo-shark": LiboShark, "libo-vibes": LiboVibes}
