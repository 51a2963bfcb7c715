"""RealTouch, a USB HID device: reports of 64 bytes, what is not used is 00.

======= ==== =============================================================
report  byte meaning
======= ==== =============================================================
move    0    02
..      1    20 both belts inwards, A0 outwards
..      2    force, 1..255
..      3..4 duration in ms, low byte first
stop    0..1 01 60: everything, the heater and the lubricant pump included
======= ==== =============================================================

Written from an open driver. The belts run; they have no places. How far a force takes them in a time is not known: that full
force goes the whole way in about 400 ms is our choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

REPORT_SIZE = 64
INWARDS = 0x20
OUTWARDS = 0xA0
STOP = Packet(b"\x01\x60".ljust(REPORT_SIZE, b"\x00"))

FULL_FORCE = 255
#: Milliseconds for each step of a way at full force.
STEP_TIME = 4
SHORTEST = 1
LONGEST = 0xFFFF


class Realtouch(Protocol):
    """A stroker."""

    experimental = True
    halts = True

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        """Return the name.

        Raises:
            HardwareError: The device has the first firmware.
        """
        if "v1" in hardware.name:
            raise HardwareError(
                f"{hardware.name} has the first firmware, which speaks another protocol: update it to version 2"
            )
        return hardware.name

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            yield from super().output(output)
        way = output.value - (output.start or 0)
        duration = self.travel_time(output)
        force = min(max(round(FULL_FORCE * abs(way) * STEP_TIME / duration), 1), FULL_FORCE)
        if way:
            report = bytes((0x02, INWARDS if way > 0 else OUTWARDS, force)) + duration.to_bytes(2, "little")
            yield Packet(report.ljust(REPORT_SIZE, b"\x00"))

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (STOP,) if stopped else ()

    def travel_time(self, output: Output) -> int:
        return min(max(output.duration, SHORTEST), LONGEST)
