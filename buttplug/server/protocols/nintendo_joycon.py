"""Nintendo Joy-Con and Pro Controller: reports of 64 bytes, the unused ones 00.

====== ===================================================
byte   meaning
====== ===================================================
0      10, the report for rumble alone (01: a subcommand)
1      packet number
2..5   rumble of the left motor
6..9   rumble of the right motor
10..11 in report 01: 48 01, rumble on
====== ===================================================

Rumble is two tones, of which frequency and amplitude are codes on logarithmic scales. Here both have 200 Hz and one amplitude
code ``e``, 0..100, which stands in the four bytes twice: as ``2 e`` in the second, for the high tone, and as ``40 + e / 2`` in
the fourth, for the low tone, whose odd half step is bit 7 of the third.

The controllers rumble for a moment only, so reports are sent every 15 ms while they are to. One that is idle gets a report a
second, which shows that it is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor, log2

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

REPORT_SIZE = 64
RUMBLE_ON = bytes((0x01, *bytes(9), 0x48, 0x01)).ljust(REPORT_SIZE, b"\x00")
RUMBLE = b"\x10\x01"

#: Seconds between two reports, while it rumbles and while it is idle.
RUMBLE_INTERVAL = 0.015
IDLE_INTERVAL = 1.0

NEUTRAL = b"\x00\x01\x40\x40"
#: 200 Hz as high and as low tone.
HIGH_TONE = 0xA8
LOW_TONE = 0x4A
LOW_AMPLITUDE = 0x40
HALF_STEP = 0x80

#: The highest value that is silent, of 1000.
SILENT = 1
#: The amplitudes, of 1, up to which the two lower parts of the scale reach.
FAINT = 0.115
WEAK = 0.23


class NintendoJoycon(Protocol):
    """One vibrator, both motors alike."""

    repeat_after: float | None = IDLE_INTERVAL

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(Packet(RUMBLE_ON))

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        value = max(values.values(), default=0)
        self.repeat_after = RUMBLE_INTERVAL if value > SILENT else IDLE_INTERVAL
        return (Packet((RUMBLE + rumble(value) * 2).ljust(REPORT_SIZE, b"\x00")),)


def rumble(value: int) -> bytes:
    """Return the four bytes of one motor for 0..1000."""
    if value <= SILENT:
        return NEUTRAL
    code = amplitude_code(value / 1000)
    return bytes((HIGH_TONE, 2 * code, LOW_TONE | (HALF_STEP if code % 2 else 0), LOW_AMPLITUDE + code // 2))


def amplitude_code(amplitude: float) -> int:
    """Return the code, 1 to 100, for an amplitude of up to 1.

    Code 1 is 0.01 of full amplitude, 16 is 0.117, 32 is 0.23 and 100 is full, with 4, 16 and 32 codes to a doubling in
    between, as in the table of the Linux driver hid-nintendo. Less than code 1 the motors cannot do, so less becomes code 1.
    """
    if amplitude <= FAINT:
        code = 4 * log2(119 * amplitude)
    elif amplitude <= WEAK:
        code = 16 * log2(17 * amplitude)
    else:
        code = 32 * log2(8.7 * amplitude)
    return max(floor(code + 0.5), 1)
