"""Svakom Iker: a packet for the vibrator, and after it one for the pulsator.

========= =========== ============ ==============
byte      0..3        4            5
========= =========== ============ ==============
vibrator  55 03 03 00 01           level, 0..10
pulsator  55 07 00 00 level, 0..5  00
========= =========== ============ ==============

Level 0 of the vibrator switches the pulsator off too, so the pulsator is told its level again whenever it runs. That level 0
of the pulsator stops the vibrator is said as well, but not certain: each is told its own 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

VIBRATOR, PULSATOR = 0, 1


class SvakomIker(Protocol):
    """A vibrator and a pulsator."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(output.type is not OutputType.VIBRATE or output.feature > PULSATOR for output in changed):
            return super().encode(changed, values)
        vibrator, pulsator = values.get(VIBRATOR, 0), values.get(PULSATOR, 0)
        packets = [Packet(bytes((0x55, 3, 3, 0, 1, vibrator)))]
        if pulsator or not vibrator or any(output.feature == PULSATOR for output in changed):
            packets.append(Packet(bytes((0x55, 7, 0, 0, pulsator, 0))))
        return packets
