"""Patoo: one speed and which motor it is for, in two packets, to be acknowledged.

=============== ============== =====================
speeds          on ``tx``      on ``txmode``
=============== ============== =====================
first above 0   first, 0..100  04
only second     second, 0..100 80
none            00             00
=============== ============== =====================

So the second motor of a model that has two runs while the first one stands still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(2)
OFF, FIRST, SECOND = 0x00, 0x04, 0x80


class Patoo(Protocol):
    """One or two vibrators."""

    stops_in_order = True

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        """Return what a name like ``PBT821`` begins with."""
        return re.split("[0-9]", hardware.name, maxsplit=1)[0]

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        first, second = fill(MOTORS, values)
        mode = FIRST if first else SECOND if second else OFF
        yield Packet(bytes((first or second,)), response=True)
        yield Packet(bytes((mode,)), endpoint="txmode", response=True)
