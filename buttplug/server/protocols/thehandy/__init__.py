"""The Handy up to firmware 3: protocol buffers. From firmware 4 on it is :mod:`.v3`.

A move is ``Payload {1: Message {403: LinearCmd {1: id 2, 3: Vector {2: duration in ms, 3: place, double, 0..1}}}}``.
Nothing is read back. There is no halt: a stop is a short move to where the slider is estimated to be.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared import protobuf

LINEAR = 403
ID = 2


class Thehandy(Protocol):
    """A stroker."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        vector = protobuf.number(2, output.duration) + protobuf.double(3, output.value / 100)
        command = protobuf.number(1, ID) + protobuf.message(3, vector)
        return (Packet(protobuf.message(1, protobuf.message(LINEAR, command)), response=True),)
