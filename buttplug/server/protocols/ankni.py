"""Roselex: packets of 20 bytes, to be acknowledged.

========= ============ ===================================================================
packet    bytes        meaning
========= ============ ===================================================================
hello     0..19        01
token     0..1         01 02
..        2..17        the high byte of the checksum of ``01`` and the address
..        18..19       00
speed     0..1         03 12
..        2            speed, 0..3 (4..10 are patterns, which are never sent)
..        3..19        00
========= ============ ===================================================================

The address is what ``generic0`` reads, in the order read. Where that is longer than an address, or cannot be read because the
device has no such characteristic, it takes speeds without a hand-shake. How it answers the token is not waited for: no notes
say on which characteristic.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

SIZE = 20
ADDRESS_SIZE = 6
TOKEN_SIZE = 16

HELLO = Packet(b"\x01" * SIZE, response=True)


class Ankni(Protocol):
    """A vibrator."""

    async def initialise(self, hardware: Hardware) -> None:
        if "generic0" not in hardware.endpoints:
            return
        address = await hardware.read("generic0")
        if len(address) > ADDRESS_SIZE:
            return
        await hardware.write(HELLO)
        await hardware.write(_packet(1, 2, *[token(address)] * TOKEN_SIZE))

    def output(self, output: Output) -> Iterable[Packet]:
        return (_packet(0x03, 0x12, output.value),)


def token(address: bytes) -> int:
    """Return the high byte of the CRC-16/XMODEM of ``01`` and an address."""
    return binascii.crc_hqx(b"\x01" + address, 0) >> 8


def _packet(*content: int) -> Packet:
    return Packet(bytes(content).ljust(SIZE, b"\x00"), response=True)
