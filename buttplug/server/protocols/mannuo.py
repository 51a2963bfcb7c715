"""ManNuo: ``[AA 55 06 01 01 01 level FA check]``, to be acknowledged; the last byte is the exclusive or of all before it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import xor

from buttplug.server.protocols.base import Output, Packet, Protocol

HEAD = b"\xaa\x55\x06\x01\x01\x01"
FULL_SPEED = 0xFA


class Mannuo(Protocol):
    """One vibrator, 0..3."""

    def output(self, output: Output) -> Iterable[Packet]:
        content = bytes((*HEAD, output.value, FULL_SPEED))
        return (Packet(bytes((*content, reduce(xor, content))), response=True),)
