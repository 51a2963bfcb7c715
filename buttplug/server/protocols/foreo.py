"""Foreo: ``[01, mode, speed 0..10]``, acknowledged. The mode is the kind of toy, which only its name tells."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, Packet, Protocol

#: Modes and the parts, in lower case, of which each is somewhere in the name; the first that fits counts.
MODES = ((0x03, ("smart", "2")), (0x01, ("fofo",)), (0x01, ("ufo",)))
USUAL_MODE = 0x00


class Foreo(Protocol):
    """A vibrator."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._mode = next((mode for mode, parts in MODES if all(part in name.lower() for part in parts)), USUAL_MODE)

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x01, self._mode, output.value)), response=True),)
