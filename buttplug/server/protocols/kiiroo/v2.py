"""Kiiroo's and Fleshlight's strokers of the second generation: ``[place 0..99, speed 1..99]``.

They take moves only after ``[00]`` on the firmware endpoint. Speeds above 99 they are said to ignore, at 0 they may not move.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.kiiroo.strokes import speed_of, time_of

READY = Packet(b"\x00", endpoint="firmware", response=True)


class KiirooV2(Protocol):
    """A stroker."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(READY)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (Packet(bytes((output.value, speed_of(output)))),)

    def travel_time(self, output: Output) -> int:
        return time_of(output)
