"""Sensee: ``55 AA F0``, then what differs between generations. The newer models are in ``v2``.

======= ======================= ======================
model   bytes 3 on              last bytes
======= ======================= ======================
Rabbit  01 01 0B 65 F7 01 01    speed, 0..100
Capsule 01 00 12 66 F9          F0 + speed, 0..15
..      01 00 11 66 F2          F0 + suction, 00 00
======= ======================= ======================

The Capsule's form is from before ``v2``, which drives it now; it is here for a configuration of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol

MARK = b"\x55\xaa\xf0"

SPEED = MARK + bytes.fromhex("01 01 0B 65 F7 01 01")
CAPSULE_SPEED = MARK + bytes.fromhex("01 00 12 66 F9")
CAPSULE_SUCTION = MARK + bytes.fromhex("01 00 11 66 F2")
CAPSULE_HIGHEST = 15


class Sensee(Protocol):
    """A vibrator."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(SPEED + bytes((output.value,))),)


class SenseeCapsule(Protocol):
    """A vibrator that sucks."""

    def output(self, output: Output) -> Iterable[Packet]:
        level = bytes((0xF0 | min(output.value, CAPSULE_HIGHEST),))
        match output.type:
            case OutputType.VIBRATE:
                return (Packet(CAPSULE_SPEED + level),)
            case OutputType.CONSTRICT:
                return (Packet(CAPSULE_SUCTION + level + bytes(2)),)
        return super().output(output)
