r"""Kizuna Smart, on a serial port: ``5\r\n`` is speed 5, one digit."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output, Packet, Protocol

FULL_SPEED = 9


class Kizuna(Protocol):
    """One rotator of one direction, 0..9."""

    def output(self, output: Output) -> Iterable[Packet]:
        if not 0 <= output.value <= FULL_SPEED:
            raise ButtplugDeviceError(
                f"speed {output.value} is no single digit: {self.definition.name} takes 0 to {FULL_SPEED}"
            )
        return (Packet(f"{output.value}\r\n".encode()),)
