"""Fredorch: a Modbus frame for each move. The rotary machine is :mod:`.rotary`.

====== ==========================================================
byte   meaning
====== ==========================================================
0..6   01 10 00 6B 00 05 0A: unit 1, write five registers from 6B
7..10  speed, 0..20, twice, in two bytes each, high byte first
11..14 place, 0..150, twice
15..16 00 01
17..18 CRC-16/MODBUS of all before it, low byte first
====== ==========================================================

The place is ten times the value. Speed 0 is for no way at all; whether it halts a move is not known, so a stop is a move at
speed 1 to where the part is estimated to be. The registers can oscillate too; nobody is known to have made that work, so it is
left out. Nor is there a hand-shake, which moves it, with a machine that its user does not let move.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.log import logger_of
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.fredorch.speeds import speed_for, time_for
from buttplug.server.protocols.shared.checksums import crc16_modbus
from buttplug.server.protocols.shared.strokes import distance, longest_distance

logger: logging.Logger = logger_of(__name__)

STROKE = 15
SCALE = 10
LOWEST_SPEED = 1
#: The highest speed of the move in the hand-shake, to the low end.
FIRST_SPEED = 5

#: Seconds to wait for the device's first word, and for each answer of the hand-shake.
REPLY_TIMEOUT = 0.5

MOVE = struct.Struct(">7s5H")
MOVE_HEAD = bytes.fromhex("01 10 00 6B 00 05 0A")


class Fredorch(Protocol):
    """A stroker."""

    async def initialise(self, hardware: Hardware) -> None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            try:
                await listener.next(REPLY_TIMEOUT)
            except HardwareTimeoutError:
                logger.debug("%s did not wake up by itself", hardware.name)
            for packet in self._hand_shake():
                await hardware.write(packet)
                await listener.next(REPLY_TIMEOUT)

    def _hand_shake(self) -> Iterable[Packet]:
        for feature, (shortest, _) in self.durations.items():
            speed = min(FIRST_SPEED, speed_for(STROKE, shortest))
            yield from (*BEFORE_FIRST_MOVE, move(self.places[feature][0], speed), *AFTER_FIRST_MOVE)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            return super().output(output)
        return (move(output.value, _speed(output)),)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return [move(output.value, LOWEST_SPEED) for output in stopped]

    def travel_time(self, output: Output) -> int:
        return time_for(longest_distance(output, STROKE), _speed(output))


def frame(content: bytes) -> Packet:
    """Return a packet with its checksum."""
    return Packet(content + crc16_modbus(content).to_bytes(2, "little"))


def move(place: int, speed: int) -> Packet:
    """Return the packet to go to a place, 0 to 15."""
    return frame(MOVE.pack(MOVE_HEAD, speed, speed, place * SCALE, place * SCALE, 1))


def _speed(output: Output) -> int:
    return speed_for(distance(output, STROKE), output.duration)


#: Program mode; record.
BEFORE_FIRST_MOVE = (frame(bytes.fromhex("01 06 00 64 00 01")), frame(bytes.fromhex("01 06 00 69 00 00")))
#: Run; repeat.
AFTER_FIRST_MOVE = (frame(bytes.fromhex("01 06 00 69 00 01")), frame(bytes.fromhex("01 06 00 6A 00 01")))
