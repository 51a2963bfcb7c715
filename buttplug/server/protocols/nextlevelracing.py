r"""Next Level Racing HF8, on a serial port: ``M0255\r`` is motor 0 at 255, the motor one digit, the speed 0..255."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output, Packet, Protocol

MOTORS = 10


class Nextlevelracing(Protocol):
    """Eight vibrators: thighs, buttocks, back and shoulders, of each the right one first."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.feature >= MOTORS:
            raise ButtplugDeviceError(f"{self.definition.name} has motors 0 to {MOTORS - 1}, and no {output.feature}")
        return (Packet(f"M{output.feature}{output.value}\r".encode()),)
