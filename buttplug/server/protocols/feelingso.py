"""FeelingSo: ``[AA 40 03 vibration oscillation 14 19]``, each 0..19; byte 5 is the range of the oscillation, 1 to 4 of 10."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_type, fill


class Feelingso(Protocol):
    """A vibrator that oscillates."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._slots = by_type(definition, OutputType.VIBRATE, OutputType.OSCILLATE)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(bytes((0xAA, 0x40, 0x03, *fill(self._slots, values), 0x14, 0x19))),)
