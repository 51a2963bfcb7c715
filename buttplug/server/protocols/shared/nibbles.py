"""Bytes that have two values in them."""

from __future__ import annotations

from buttplug.core.errors import ButtplugDeviceError


def nibbles(high: int, low: int) -> int:
    """Return a byte of two values of 0 to 15.

    Raises:
        ButtplugDeviceError: One of them is higher: it would change the other, or another bit of the packet.
    """
    if not (0 <= high <= 0xF and 0 <= low <= 0xF):
        raise ButtplugDeviceError(f"{high} and {low} do not fit into one byte: either may be 0 to 15")
    return high << 4 | low
