"""The frames of Galaku: a mark, ten bytes and their sum, each byte enciphered with what came before it."""

from __future__ import annotations

from buttplug.server.protocols.shared.checksums import sum8

MARK = 0x23
FRAME_SIZE = 12

#: The row is chosen by the enciphered byte before, the column is the place in the frame.
_KEYS = tuple(
    map(
        bytes.fromhex,
        (
            "00 18 98 F7 A5 3D 0D 29 25 50 44 46",
            "00 45 6E 6A 6F 78 20 53 2D 31 2E 37",
            "00 65 78 20 54 6F 79 73 0A 8E 9D A3",
            "00 C5 D6 E7 F8 0A 32 20 6F 62 0D 0A",
        ),
    )
)


def enciphered(content: bytes) -> bytes:
    """Return the frame of 12 bytes for a content of 10."""
    plain = bytes((MARK, *content))
    plain += bytes((sum8(plain),))
    frame = bytearray((MARK,))
    for place in range(1, FRAME_SIZE):
        key = _key(frame, place)
        frame.append(((key ^ MARK ^ plain[place]) + key) & 0xFF)
    return bytes(frame)


def deciphered(frame: bytes) -> bytes | None:
    """Return the content of 10 bytes of a frame; None for bytes that are none, or have another sum."""
    if len(frame) != FRAME_SIZE or frame[0] != MARK:
        return None
    plain = bytearray((MARK,))
    for place in range(1, FRAME_SIZE):
        key = _key(frame, place)
        plain.append((frame[place] - key & 0xFF) ^ MARK ^ key)
    return bytes(plain[1:-1]) if plain[-1] == sum8(bytes(plain[:-1])) else None


def _key(frame: bytes | bytearray, place: int) -> int:
    return _KEYS[frame[place - 1] & 3][place]
