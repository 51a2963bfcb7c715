"""Honey Play Box: framed packets, to be acknowledged, counted, and signed with a token that the hand-shake gives.

========= ================================================================
bytes     meaning
========= ================================================================
0..5      02 A5 5A 55 AA F0
6         number of the packet, modulo 256
7         B1
8         command: 01 hand-shake, 03 strengths
9..10     how many bytes the content has, high byte first
11..      the content
..        03
last two  CRC-16/MODBUS of all from byte 7 to the content, high byte first
========= ================================================================

The content of a hand-shake is 00 10, that of its answer 90 00 and the token of 16 bytes. The content of strengths is 8 bytes
for each motor, ``[16 * motor + 1, 00, 05, 00, 3C, 00, 00, strength]``, and 8 bytes of signature: the start of an MD5 over
bytes 7 to 10, the motors, a secret and the token. A strength is 0..100, that of a pump 0 or 100 more than its level. They
are repeated every half a second.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from buttplug.core.log import logger_of
from buttplug.hardware.base import Notification
from buttplug.hardware.errors import HardwareError, HardwareTimeoutError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.checksums import crc16_modbus

logger: logging.Logger = logger_of(__name__)

HEADER = b"\x02\xa5\x5a\x55\xaa\xf0"
TYPE = 0xB1
HAND_SHAKE, STRENGTHS = 0x01, 0x03
END = 0x03
#: Bytes of a frame before and behind its content.
BEFORE, BEHIND = 11, 3
#: The longest content that a frame is believed to have.
LONGEST_CONTENT = 255

GREETING = b"\x00\x10"
GRANTED = b"\x90\x00"
TOKEN_SIZE = 16
#: Seconds to wait for the answer to each try.
HAND_SHAKE_TIMEOUTS = (6.0, 4.0)

SECRET = bytes.fromhex("8B E3 FD 04 68 35 09 86 12 1A BF 03 30 E9 E3 C5")
SIGNATURE_SIZE = 8
#: What is added to the level of a pump that is on. Strengths up to this do nothing to it.
PUMP_STRENGTH = 100


class Honeyplaybox(Protocol):
    """One or two motors: vibrators, thrusters, rotators and a pump."""

    repeat_after: float | None = 0.5

    _number = 0
    _token = b""
    _has_started = False

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._pumps = {feature.index for feature in definition.features if OutputType.CONSTRICT in feature.outputs}

    async def initialise(self, hardware: Hardware) -> None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            for number, timeout in enumerate(HAND_SHAKE_TIMEOUTS):
                await hardware.write(Packet(frame(number, HAND_SHAKE, GREETING), response=True))
                self._number = number + 1
                try:
                    self._token = await listener.find(Answer(hardware.name), timeout)
                except HardwareTimeoutError:
                    continue
                return
        raise HardwareTimeoutError(f"{hardware.name} did not answer the hand-shake")

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        motors = b"".join(
            bytes((16 * motor + 1, 0x00, 0x05, 0x00, 0x3C, 0x00, 0x00, self._strength(feature, value)))
            for motor, (feature, value) in enumerate(values.items())
        )
        # A number that was used for a packet which may have been lost is not used again: the device may know it.
        self._number = (self._number + 1) % 256
        content = motors + signature(motors, self._token)
        return (Packet(frame(self._number, STRENGTHS, content), response=True),)

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if not self._has_started:
            # The hand-shake was just now.
            self._has_started = True
            return ()
        return self.encode(current, values)

    def _strength(self, feature: int, value: int) -> int:
        if feature in self._pumps and value:
            return PUMP_STRENGTH + value
        return abs(value)


class Answer:
    """Finds the token in what a device sends, which may come in any portions."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._frames = Frames()
        self._has_told = False

    def __call__(self, notification: Notification) -> bytes | None:
        for content in self._frames.contents(notification.data):
            if len(content) >= len(GRANTED) and not content.startswith(GRANTED):
                raise HardwareError(f"{self._name} refused the hand-shake with code {content[: len(GRANTED)].hex()}")
            token = content.removeprefix(GRANTED)[:TOKEN_SIZE]
            if len(token) == TOKEN_SIZE:
                return token
            if not self._has_told:
                # One notification may hold thousands.
                self._has_told = True
                logger.warning("%s sent an answer without a token: [%s]", self._name, content.hex(" "))
        return None


class Frames:
    """Cuts frames out of bytes that come in any portions."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def contents(self, data: bytes) -> Iterator[bytes]:
        """Return the contents of all frames that these bytes complete."""
        buffer = self._buffer
        buffer += data
        while (start := buffer.find(HEADER)) >= 0:
            del buffer[:start]
            if len(buffer) < BEFORE:
                return
            length = int.from_bytes(buffer[BEFORE - 2 : BEFORE], "big")
            end = BEFORE + length
            if length <= LONGEST_CONTENT and len(buffer) < end + BEHIND:
                return
            if length <= LONGEST_CONTENT and buffer[end] == END:
                yield bytes(buffer[BEFORE:end])
                del buffer[: end + BEHIND]
            else:
                del buffer[0]
        # What is left may end with the beginning of a header.
        del buffer[: -(len(HEADER) - 1)]


def frame(number: int, command: int, content: bytes) -> bytes:
    """Return a packet; ``number`` is 0 to 255."""
    body = bytes((TYPE, command)) + len(content).to_bytes(2, "big") + content
    return HEADER + bytes((number,)) + body + bytes((END,)) + crc16_modbus(body).to_bytes(2, "big")


def signature(motors: bytes, token: bytes) -> bytes:
    """Return what shows the device that strengths come from somebody who was given the token."""
    head = bytes((TYPE, STRENGTHS)) + (len(motors) + SIGNATURE_SIZE).to_bytes(2, "big")
    return hashlib.md5(head + motors + SECRET + token, usedforsecurity=False).digest()[:SIGNATURE_SIZE]
