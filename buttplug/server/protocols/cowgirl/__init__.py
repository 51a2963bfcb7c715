"""The Cowgirl and The Unicorn: one packet with both values, to be acknowledged.

====== ================================================
byte   meaning
====== ================================================
0..1   00 01
2      vibration, 0..255 (no stronger above about 144)
3      rotation, 0..255, in one direction
====== ================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_type, fill


class Cowgirl(Protocol):
    """A machine that vibrates and rotates."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._slots = by_type(definition, OutputType.VIBRATE, OutputType.ROTATE)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes((0x00, 0x01, *fill(self._slots, values))), response=True),)
