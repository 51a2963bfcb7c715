"""Simulated devices of the kinds that the ecosystem's user configurations name.

Every output is accepted, and nothing is sent: there is no device that would have bytes of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet, Protocol


class Simulated(Protocol):
    """Vibrators, a rotator, an oscillator and a stroker. The hardware's name is the model's identifier."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return ()
