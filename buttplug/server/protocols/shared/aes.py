"""AES-128 in ECB mode with PKCS#7 padding, in which some makers encrypt each packet by itself.

The keys are the same for all devices of a brand, so it keeps nothing secret: it is only the form that the devices understand.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

_PADDING = PKCS7(AES.block_size)


def encrypt(key: bytes, plain: bytes) -> bytes:
    """Return bytes encrypted with a key of 16 bytes: as many blocks of 16 as they need with at least one byte of padding."""
    padder = _PADDING.padder()
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 the devices know no other
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def decrypt(key: bytes, data: bytes) -> bytes | None:
    """Return what was encrypted with a key of 16 bytes; None for bytes that were not."""
    decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305
    unpadder = _PADDING.unpadder()
    try:
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        return None
