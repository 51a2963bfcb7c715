"""Fluffer, and Motorbunny of that make: packets of up to 15 bytes, each encrypted by itself.

======================== ==================================================================================
packet                   meaning
======================== ==================================================================================
A5 01 08, 4 + 4 bytes    the server's mark: four bytes at random, and the first four of a SHA-256
A5 01 01 00              the device knows it
82 0E 02 00 01           commands follow
82 0F 05 00 a b 00 00    the values of features 0 and 1: 0..100, or for the other direction 101..200
======================== ==================================================================================

Hashed are the random bytes and four of what the device advertises under its company, each exclusive or with a key made of two
others. A device that advertises nothing takes commands without a hand-shake.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared import aes
from buttplug.server.protocols.shared.slots import by_index, fill

KEY = b"jdk#Flu%y6fer32f"

#: The company of the manufacturer data that a hand-shake is made with.
COMPANY = 0x684A

MARK = b"\xa5\x01\x08"
MARK_SIZE = 4
KNOWN = b"\xa5\x01\x01\x00"
READY = b"\x82\x0e\x02\x00\x01"
#: Seconds to wait for the answer to the mark.
REPLY_TIMEOUT = 5.0

MOTORS = by_index(2)
VALUES = b"\x82\x0f\x05\x00"
#: What is added to a speed in the other direction.
BACKWARD = 100


class Fluffer(Protocol):
    """A vibrator, and a rotator or a thruster."""

    async def initialise(self, hardware: Hardware) -> None:
        advertised = hardware.manufacturer_data.get(COMPANY)
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            if advertised is None:
                return
            if not advertised:
                raise HardwareError(f"{hardware.name} advertises nothing under its company, so no hand-shake can be made")
            random = secrets.token_bytes(MARK_SIZE)
            await hardware.write(_packet(MARK + random + mark(random, advertised)))
            reply = await listener.next(REPLY_TIMEOUT)
            if aes.decrypt(KEY, reply.data) != KNOWN:
                raise HardwareError(f"{hardware.name} refused the hand-shake with [{reply.data.hex(' ')}]")
            await hardware.write(_packet(READY))

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        speeds = (value if value >= 0 else BACKWARD - value for value in fill(MOTORS, values))
        return (_packet(VALUES + bytes((*speeds, 0x00, 0x00))),)


def mark(random: bytes, advertised: bytes) -> bytes:
    """Return the part of the server's mark that shows the device that it knows how to make it."""
    key = COMPANY >> 8 ^ advertised[0]
    kept = {0, key}
    secret = bytes(byte if byte in kept else byte ^ key for byte in advertised[1 : 1 + MARK_SIZE])
    return hashlib.sha256(random + secret).digest()[:MARK_SIZE]


def _packet(content: bytes) -> Packet:
    return Packet(aes.encrypt(KEY, content))
