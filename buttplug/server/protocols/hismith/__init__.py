"""Hismith's first machines: ``[AA part speed sum]`` per feature.

All others are :mod:`.mini`, also those that are called HISMITH, too.

===================== ==== ======================
output                part speed
===================== ==== ======================
oscillate             04   0..100
vibrate, feature 0    04   0..100
vibrate, others       06   0..1, F0 for off
===================== ==== ======================

The last byte is the sum of part and speed. A read of ``rxblemodel`` gives the model's number; what gives none is taken for one
of the first, as its name says.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8

FIRST_MODELS = frozenset({"1001", "1002", "1003", "1006", "2001", "3001"})

MAIN = 0x04
VIBRATOR = 0x06
VIBRATOR_OFF = 0xF0


class Hismith(Protocol):
    """An oscillator, some with a vibrator, or a vibrator alone."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        return await model_of(hardware)

    @classmethod
    def other_protocol(cls, identifier: str | None) -> str | None:
        return "hismith-mini" if identifier and identifier not in FIRST_MODELS else None

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE if output.feature:
                return (packet(0xAA, VIBRATOR, output.value or VIBRATOR_OFF),)
            case OutputType.VIBRATE | OutputType.OSCILLATE:
                return (packet(0xAA, MAIN, output.value),)
            case _:
                return super().output(output)


async def model_of(hardware: Hardware) -> str:
    """Return the model's number, in hexadecimal.

    Raises:
        HardwareError: It could not be read.
    """
    return (await hardware.read("rxblemodel")).hex()


def packet(head: int, part: int, speed: int) -> Packet:
    """Return a packet with its sum."""
    content = bytes((part, speed))
    return Packet(bytes((head, *content, sum8(content))))
