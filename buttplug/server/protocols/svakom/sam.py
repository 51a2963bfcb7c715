"""Svakom Sam Neo: a packet per output, for the vibrator in one of two formats.

====================== =========== =============================== =============
byte                   0..3        4                               5
====================== =========== =============================== =============
vibrator               12 01 03 00 05                              level, 0..10
.. second generation               04 while it runs, 00 for off    level, 0..10
suction                12 06 01 on (4 bytes)
====================== =========== =============================== =============

The second generation has an endpoint ``txmode``, or ``firmware`` instead: then its vibrator knows one speed only, whatever
the level, and it is a model of its own in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

ONE_SPEED = "Sam Neo (one speed)"


class SvakomSam(Protocol):
    """A vibrator, and suction that is on or off."""

    _is_second_generation = False

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        one_speed = "firmware" in hardware.endpoints and "txmode" not in hardware.endpoints
        return ONE_SPEED if one_speed else hardware.name

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        self._is_second_generation = not hardware.endpoints.isdisjoint({"txmode", "firmware"})

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE if self._is_second_generation:
                return (Packet(bytes((0x12, 1, 3, 0, 4 if output.value else 0, output.value))),)
            case OutputType.VIBRATE:
                return (Packet(bytes((0x12, 1, 3, 0, 5, output.value))),)
            case OutputType.CONSTRICT:
                return (Packet(bytes((0x12, 6, 1, output.value))),)
        return super().output(output)
