"""SayberX: ``AT+SPD40`` is speed 4, ``AT+SPD00`` off.

The device takes two digits; only tens are known to be used. The X-Ring is found by the same family; how it reports is not
known, so it has no features.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol


class Sayberx(Protocol):
    """One vibrator, 0..4, which is the stroker's motor."""

    experimental = True

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        """Return the name without the ending that tells one X-Ring from another."""
        return hardware.name.partition(" ")[0]

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(f"AT+SPD{output.value}0".encode()),)
