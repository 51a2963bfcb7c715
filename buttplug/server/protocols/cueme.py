"""Cueme: one byte per motor, its number from 1 in the high half, its strength 0..15 in the low one; to be acknowledged.

The garment is the last part of a name like ``FUNCODE_A1B2C3D4E5F6_3``. Whether several motors can run together is not known.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared.nibbles import nibbles

MOTORS = 15


class Cueme(Protocol):
    """Eight vibrators, or four."""

    experimental = True

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        return hardware.name.rpartition("_")[2]

    def output(self, output: Output) -> Iterable[Packet]:
        if output.feature >= MOTORS:
            raise ButtplugDeviceError(f"{self.definition.name} has no motor {output.feature + 1}: there are {MOTORS} at most")
        return (Packet(bytes((nibbles(output.feature + 1, output.value),)), response=True),)
