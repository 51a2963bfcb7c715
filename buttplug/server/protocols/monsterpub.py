"""Sistalk MonsterPub, MonsterHub and Tracy's Dog: the speeds of all motors, 0..100, a byte for each.

================= ============================== ===============================================
the device has    packet                         a stop of all motors
================= ============================== ===============================================
``txvibrate``     the speeds                     zeros
``tx``            the speeds                     zeros, and once more on ``txmode``
``generic0``      03, the speeds                 03, zeros
================= ============================== ===============================================

The first of these endpoints that a device has is its own. ``txmode`` is to be acknowledged. Devices of the second generation
read 16 bytes on ``rx``: the number of a key, and a challenge that is written back, exclusive or with the key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

from buttplug.core.log import logger_of
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

logger: logging.Logger = logger_of(__name__)

KEYS = (b"2IPO", b"LSBB", b"SIS6", b"TALK")
CHALLENGE_SIZE = 16

#: What stands before the speeds on each endpoint that may take them, the one to be preferred first.
HEADS = {"txvibrate": b"", "tx": b"", "generic0": b"\x03"}


class Monsterpub(Protocol):
    """One to three vibrators, or a suction cup and a vibrator."""

    _endpoint = "txvibrate"
    _stops_by_mode = False

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        try:
            model = await hardware.read("rxblemodel")
        except HardwareDisconnectedError:
            raise
        except HardwareError as error:
            logger.warning("%s told no model, it is used as one with a single vibrator: %s", hardware.name, error)
            return None
        try:
            return model.decode().replace("\x00", "")
        except UnicodeDecodeError:
            raise HardwareError(f"{hardware.name} told no model but [{model.hex(' ')}]") from None

    async def initialise(self, hardware: Hardware) -> None:
        if "rx" in hardware.endpoints:
            challenge = await hardware.read("rx")
            if len(challenge) < CHALLENGE_SIZE or challenge[0] >= len(KEYS):
                raise HardwareError(f"{hardware.name} sent no challenge that can be answered but [{challenge.hex(' ')}]")
            await hardware.write(Packet(answer(challenge), endpoint="rx", response=True))
        endpoint = next((endpoint for endpoint in HEADS if endpoint in hardware.endpoints), None)
        if endpoint is None:
            raise HardwareError(f"{hardware.name} has none of the endpoints that take speeds: {', '.join(HEADS)}")
        self._endpoint = endpoint
        self._stops_by_mode = self._endpoint == "tx" and "txmode" in hardware.endpoints

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        speeds = bytes(values.values())
        yield Packet(HEADS[self._endpoint] + speeds, endpoint=self._endpoint)
        if self._stops_by_mode and not any(speeds):
            yield Packet(speeds, endpoint="txmode", response=True)


def answer(challenge: bytes) -> bytes:
    """Return the 15 bytes that answer a challenge of 16."""
    key = KEYS[challenge[0]]
    return bytes(byte ^ mask for byte, mask in zip(challenge[1:CHALLENGE_SIZE], cycle(key), strict=False))
