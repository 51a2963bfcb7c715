"""Love Distance: ``[F3 00 level]``, the level 0..121, once ``[F4 01]`` has chosen the steady pattern."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

STEADY = Packet(bytes((0xF4, 1)))


class Lovedistance(Protocol):
    """One vibrator, which is switched off at connection."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(_level(0))
        await hardware.write(STEADY)

    def output(self, output: Output) -> Iterable[Packet]:
        return (_level(output.value),)


def _level(level: int) -> Packet:
    return Packet(bytes((0xF3, 0, level)))
