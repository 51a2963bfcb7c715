"""RealTouch, a USB HID device: reports of 64 bytes, what is not used is 00.

========= ==== ====================================================================
report    byte meaning
========= ==== ====================================================================
move      0    02
..        1    20 both belts inwards, A0 outwards; 30 squeeze
..        2    force, 1..255
..        3..4 duration in ms, low byte first
heater    0..1 05, force, 1..255
lubricant 0..3 06 FF, duration in ms, low byte first
stop      0..1 01, part: 20 belts, 30 squeeze, 40 heater, 50 lubricant, 60 all parts
========= ==== ====================================================================

Written from an open driver. The belts run; they have no places. How far a force takes them in a time is not known: that full
force goes the whole way in about 400 ms is our choice. A squeeze ends by itself after 65 s, the longest time that there is;
the heater goes on until it is stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

REPORT_SIZE = 64
INWARDS = 0x20
OUTWARDS = 0xA0
SQUEEZE = 0x30

#: What a stop calls the parts.
BELTS = 0x20
PARTS: Mapping[OutputType, int] = {
    OutputType.CONSTRICT: 0x30,
    OutputType.TEMPERATURE: 0x40,
    OutputType.SPRAY: 0x50,
}
ALL_PARTS = 0x60

FULL_FORCE = 255
#: Milliseconds for each step of a way at full force.
STEP_TIME = 4
SHORTEST = 1
LONGEST = 0xFFFF
#: Milliseconds that the lubricant pump runs.
SPRAY_TIME = 1000


class Realtouch(Protocol):
    """A stroker that squeezes, warms and lubricates."""

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
        match output.type:
            case OutputType.POSITION_WITH_DURATION:
                return self._move(output)
            case OutputType.CONSTRICT | OutputType.TEMPERATURE | OutputType.SPRAY if not output.value:
                return (_report(0x01, PARTS[output.type]),)
            case OutputType.CONSTRICT:
                return (_report(0x02, SQUEEZE, output.value, *_two_bytes(LONGEST)),)
            case OutputType.TEMPERATURE:
                return (_report(0x05, output.value),)
            case OutputType.SPRAY:
                return (_report(0x06, FULL_FORCE, *_two_bytes(SPRAY_TIME)),)
        return super().output(output)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if values.keys() == {output.feature for output in stopped}:
            return (_report(0x01, ALL_PARTS),)
        return [_report(0x01, PARTS.get(output.type, BELTS)) for output in stopped]

    def travel_time(self, output: Output) -> int:
        return min(max(output.duration, SHORTEST), LONGEST)

    def _move(self, output: Output) -> Iterable[Packet]:
        way = output.value - (output.start or 0)
        duration = self.travel_time(output)
        force = min(max(round(FULL_FORCE * abs(way) * STEP_TIME / duration), 1), FULL_FORCE)
        if way:
            yield _report(0x02, INWARDS if way > 0 else OUTWARDS, force, *_two_bytes(duration))


def _two_bytes(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _report(*data: int) -> Packet:
    return Packet(bytes(data).ljust(REPORT_SIZE, b"\x00"))
