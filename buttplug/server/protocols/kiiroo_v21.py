"""Kiiroo and OhMiBod of the second generation, revised: one packet per feature.

========= ====== ===================================================
feature   byte   meaning
========= ====== ===================================================
vibrator  0      01
..        1      speed, 0..100 (Pulse: 0..6)
stroker   0..1   03 00
..        2      speed, 1..99; 0 where it is told the same place again
..        3      place to go to, 0..99
========= ====== ===================================================

A read of ``whitelist`` gives 20 bytes, of which byte 5 is the battery level in percent.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Hardware, InputType, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.strokes import speed_for

STATUS_SIZE = 20
BATTERY = 5


class KiirooV21(Protocol):
    """A vibrator, and for the Titan a stroker."""

    #: Where the stroker was told to go last. It cannot be asked; 0 is assumed at first.
    _place = 0

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE:
                yield Packet(bytes((0x01, output.value)))
            case OutputType.POSITION_WITH_DURATION:
                speed = speed_for(abs(output.value - self._place), output.duration)
                yield Packet(bytes((0x03, 0x00, speed, output.value)))
                self._place = output.value
            case _:
                yield from super().output(output)

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is not InputType.BATTERY:
            return await super().read(hardware, feature, type)
        status = await hardware.read("whitelist")
        if len(status) != STATUS_SIZE or status[BATTERY] > 100:
            raise ButtplugDeviceError(f"{self.definition.name} sent no battery level but [{status.hex(' ')}]")
        return status[BATTERY]
