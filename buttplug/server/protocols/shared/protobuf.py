"""The part of protocol buffers (proto3) that devices use: fields to bytes and back, without generated code."""

from __future__ import annotations

import struct

_VARINT = 0
_FIXED64 = 1
_BYTES = 2
_FIXED32 = 5

#: Fields of a message that are read: what devices send has few, and a stranger may send thousands.
MOST_FIELDS = 64

#: The longest varint: 64 bits in groups of seven.
_VARINT_LIMIT = 10


def varint(value: int) -> bytes:
    """Return a whole number of at least 0 in groups of seven bits, least significant first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def number(field: int, value: int) -> bytes:
    """Return an integer, enum or boolean field; nothing for 0, the default."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def single(field: int, value: float) -> bytes:
    """Return a field of a single precision number; nothing for 0, the default."""
    return varint(field << 3 | _FIXED32) + struct.pack("<f", value) if value else b""


def double(field: int, value: float) -> bytes:
    """Return a field of a double precision number; nothing for 0, the default."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", value) if value else b""


def message(field: int, content: bytes) -> bytes:
    """Return a message or string field, also where it is empty."""
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def fields(data: bytes) -> dict[int, int | bytes]:
    """Return the fields of a message by number: varints as int, all else as bytes; of a repeated one the last.

    Raises:
        ValueError: These bytes are no such message, or one with more than :data:`MOST_FIELDS` fields.
    """
    found: dict[int, int | bytes] = {}
    at = count = 0
    while at < len(data):
        if (count := count + 1) > MOST_FIELDS:
            raise ValueError(f"there are more than {MOST_FIELDS} fields")
        key, at = _read_varint(data, at)
        wire_type = key & 7
        if wire_type == _VARINT:
            found[key >> 3], at = _read_varint(data, at)
            continue
        if wire_type == _BYTES:
            length, at = _read_varint(data, at)
        elif wire_type == _FIXED32:
            length = 4
        elif wire_type == _FIXED64:
            length = 8
        else:
            raise ValueError(f"unknown wire type {wire_type}")
        if len(data) - at < length:
            raise ValueError("a field is cut off")
        found[key >> 3] = data[at : at + length]
        at += length
    return found


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for group, byte in enumerate(data[at : at + _VARINT_LIMIT]):
        value |= (byte & 0x7F) << 7 * group
        if byte < 0x80:
            return value, at + group + 1
    raise ValueError("a number is cut off")
