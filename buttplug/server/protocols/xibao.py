"""Xibao: ``[66 3A 00 06 00 06 01 02 00 02 04 speed checksum]``, the speed 0..99, the checksum the sum of the bytes before it.

The device obeys in its "AI" mode only, which its button selects.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8

SPEED = bytes((0x66, 0x3A, 0, 6, 0, 6, 1, 2, 0, 2, 4))


class Xibao(Protocol):
    """One stroker."""

    def output(self, output: Output) -> Iterable[Packet]:
        data = SPEED + bytes((output.value,))
        return (Packet(data + bytes((sum8(data),))),)
