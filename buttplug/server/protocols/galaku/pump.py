"""The Galaku Nebula, a pump: ``5A 00 00 01 60 03``, stroke and vibration, 0..100, and two zeros, to be acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.galaku import HEAD
from buttplug.server.protocols.galaku.cipher import enciphered
from buttplug.server.protocols.shared.slots import by_type, fill


class GalakuPump(Protocol):
    """A stroke and a vibrator."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._slots = by_type(definition, OutputType.OSCILLATE, OutputType.VIBRATE)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        content = bytes((0x60, 0x03, *fill(self._slots, values), 0x00, 0x00))
        return (Packet(enciphered(HEAD + content), response=True),)
