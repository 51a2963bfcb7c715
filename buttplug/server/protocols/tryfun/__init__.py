"""TryFun: one packet per output, with a checksum.

================ ============================================== ==================================
protocol         packet, without the checksum at its end        value
================ ============================================== ==================================
tryfun           AA 02 07 value                                 oscillation 0..9
..               AA 02 08 value                                 rotation 0..9
..               00 02 00 05 02 value 01 00                     vibration 1..4
..               00 02 00 05 01 02 01 01, checksum FC           vibration 0
tryfun-blackhole count 02 00 03 0C value                        oscillation 0..100
..               count 02 00 03 09 value                        vibration 0..100
tryfun-meta2     count 02 00 05 21 05 0B value                  oscillation 0..100
..               count 02 00 05 21 05 08 value                  vibration 0..100
..               count 02 00 05 21 05 0E value                  rotation -100..100, see below
================ ============================================== ==================================

``count`` is 0 at connection and one more in every packet, 255 before 0. The toys of ``tryfun`` acknowledge packets.

A rotation is FF - speed for speeds of at least 0, the speed without its sign for the other direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from buttplug.core.enums import OutputType
from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8

#: The checksum of this one is one more than that of any other packet; devices have only ever been seen to get it so.
SPRAY_STOP = Packet(b"\x00\x02\x00\x05\x01\x02\x01\x01\xfc", response=True)

#: For each type of output what stands between the count and the value.
Commands: TypeAlias = Mapping[OutputType, bytes]

YUAN: Commands = {OutputType.OSCILLATE: b"\xaa\x02\x07", OutputType.ROTATE: b"\xaa\x02\x08"}
COUNTED: Mapping[str, Commands] = {
    "tryfun-blackhole": {
        OutputType.OSCILLATE: b"\x02\x00\x03\x0c",
        OutputType.VIBRATE: b"\x02\x00\x03\x09",
    },
    "tryfun-meta2": {
        OutputType.OSCILLATE: b"\x02\x00\x05\x21\x05\x0b",
        OutputType.VIBRATE: b"\x02\x00\x05\x21\x05\x08",
        OutputType.ROTATE: b"\x02\x00\x05\x21\x05\x0e",
    },
}


class Tryfun(Protocol):
    """Oscillation and rotation of the Yuan series, or the vibrator of the Surge."""

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is OutputType.VIBRATE:
            if not output.value:
                return (SPRAY_STOP,)
            frame = bytes((0x00, 0x02, 0x00, 0x05, 0x02, output.value, 0x01, 0x00))
            return (Packet(_closed(frame, len(frame) - 1), response=True),)
        if output.type not in YUAN:
            return super().output(output)
        return (Packet(_closed(bytes((*YUAN[output.type], output.value)), 2), response=True),)


class TryfunCounted(Protocol):
    """Oscillation, vibration and rotation by packets that are counted."""

    _count = 0

    def output(self, output: Output) -> Iterable[Packet]:
        command = COUNTED[self.definition.protocol].get(output.type)
        if command is None:
            return super().output(output)
        value = output.value
        if output.type is OutputType.ROTATE:
            value = 0xFF - value if value >= 0 else -value
        frame = bytes((self._count, *command, value))
        # Also where it is not written: it may have arrived, and a count must not come twice.
        self._count = (self._count + 1) % 256
        return (Packet(_closed(frame, len(frame) - 1)),)


def _closed(frame: bytes, total: int) -> bytes:
    """Return a frame with its checksum: all bytes but the first, this one included, add up to ``total``, modulo 256."""
    return bytes((*frame, total - sum8(frame[1:]) & 0xFF))


PROTOCOLS: Mapping[str, type[Protocol]] = {"tryfun": Tryfun, **dict.fromkeys(COUNTED, TryfunCounted)}
