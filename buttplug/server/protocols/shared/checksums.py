"""Checksums of packets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import xor

_MODBUS_POLYNOMIAL = 0xA001


def sum8(data: bytes) -> int:
    """Return the sum of the bytes, modulo 256."""
    return sum(data) & 0xFF


def xor8(data: Iterable[int]) -> int:
    """Return the exclusive or of the bytes."""
    return reduce(xor, data, 0)


def crc16_modbus(data: bytes) -> int:
    """Return the CRC-16/MODBUS: reflected polynomial A001, initial value FFFF, no final exclusive or."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ _MODBUS_POLYNOMIAL if crc & 1 else crc >> 1
    return crc
