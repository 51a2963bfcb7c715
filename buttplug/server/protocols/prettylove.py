"""Pretty Love: ``[00, 0..3]``, acknowledged. The values may be patterns rather than speeds; 0 is off."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

#: The identifier of every model in configurations, whatever it advertises.
IDENTIFIER = "Aogu BLE"


class Prettylove(Protocol):
    """A vibrator."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        return IDENTIFIER

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x00, output.value)), response=True),)
