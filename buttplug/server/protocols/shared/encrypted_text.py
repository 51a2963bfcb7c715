"""Two vibrators under several brands that speak in encrypted text, each packet by itself, after a hand-shake.

======================= ================================================================================
text                    meaning
======================= ================================================================================
``Auth:0a1b2c;``        the server begins, with any letters and digits
``1a2b:QwErTy12;``      the device's challenge, behind any four characters
``Auth:6d0a;``          the answer: the first two bytes of the challenge's SHA-256
``OK;``                 the device takes commands
``MtInt:5000;``         both speeds, 0..99, in two digits each
======================= ================================================================================
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared import aes
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(2)

READY = b"OK;"
#: Challenges that are answered before the device is given up. One is usual.
CHALLENGES = 4
#: Seconds to wait for each challenge, and for the end of the hand-shake.
REPLY_TIMEOUT = 5.0


class EncryptedText(Protocol):
    """One or two vibrators."""

    #: The key of the brand.
    key: ClassVar[bytes]
    #: How many characters the server begins with; an even number.
    greeting_size: ClassVar[int]
    #: The form of a challenge, which is its group 1.
    challenge: ClassVar[re.Pattern[bytes]]

    async def initialise(self, hardware: Hardware) -> None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            await hardware.write(self._packet(f"Auth:{secrets.token_hex(self.greeting_size // 2)};"))
            for _ in range(CHALLENGES + 1):
                data = (await listener.next(REPLY_TIMEOUT)).data
                text = aes.decrypt(self.key, data)
                if text == READY:
                    return
                challenge = None if text is None else self.challenge.fullmatch(text)
                if challenge is None:
                    raise HardwareError(f"{hardware.name} sent no challenge that can be understood but [{data.hex(' ')}]")
                await hardware.write(self._packet(f"Auth:{answer(challenge[1])};"))
        raise HardwareError(f"{hardware.name} was not content with the answers to {CHALLENGES} challenges")

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        first, second = fill(MOTORS, values)
        return (self._packet(f"MtInt:{first:02}{second:02};"),)

    def _packet(self, text: str) -> Packet:
        return Packet(aes.encrypt(self.key, text.encode()))


def answer(challenge: bytes) -> str:
    """Return the answer to a challenge."""
    return hashlib.sha256(challenge).hexdigest()[:4]
