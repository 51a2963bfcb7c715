"""Satisfyer: one packet with every motor, each speed four times.

====== =======================================================
byte   meaning
====== =======================================================
4i..   speed of motor i, 0..100, in four equal bytes
====== =======================================================

The motors take speeds only after a start command. They stop within seconds of the last packet, so it is repeated, and leave
the started state after a few seconds at speed 0, so they are started again before the next speed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.log import logger_of
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

logger: logging.Logger = logger_of(__name__)

#: The company of the manufacturer data that holds the model number.
COMPANY = 93
MODEL_SIZE = 4

START = Packet(b"\x01", endpoint="command", response=True)
BYTES_PER_MOTOR = 4

#: Repeats at speed 0, half a second each, after which the motors are started again.
IDLE_REPEATS = 6


class Satisfyer(Protocol):
    """One to three vibrators."""

    repeat_after: float | None = 0.5
    stops_in_order = True

    _idle = 0

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        model = hardware.manufacturer_data.get(COMPANY, b"")
        if len(model) != MODEL_SIZE:
            model = await hardware.read("rxblemodel")
        if len(model) != MODEL_SIZE:
            logger.warning(
                "%s told no model number but [%s]; it is used as a Satisfyer with one motor", hardware.name, model.hex(" ")
            )
            return None
        return str(int.from_bytes(model, "big"))

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(START)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(values.values()):
            if self._idle >= IDLE_REPEATS:
                yield START
            self._idle = 0
        yield _speeds(values)

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        yield _speeds(values)
        if not any(values.values()):
            self._idle += 1


def _speeds(values: Mapping[int, int]) -> Packet:
    return Packet(b"".join(bytes((value,)) * BYTES_PER_MOTOR for value in values.values()))
