"""MysteryVibe: the speeds of all motors on ``txvibrate``, 0..56, a byte for each.

It takes them after a packet on ``txmode`` that turns direct control on, and a motor runs for less than a tenth of a second
after a packet, so they are repeated. The second generation differs in the first packet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol


class Mysteryvibe(Protocol):
    """Up to six vibrators."""

    repeat_after: float | None = 0.093

    direct_control: ClassVar[bytes] = b"\x43\x02\x00"

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(Packet(self.direct_control, endpoint="txmode", response=True))

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes(values.values()), endpoint="txvibrate"),)


class MysteryvibeV2(Mysteryvibe):
    """The second generation."""

    direct_control = b"\x03\x02\x40"
