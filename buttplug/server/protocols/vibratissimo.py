"""Vibratissimo: each time the mode and the speeds of all motors.

============= ====================================================================
endpoint      bytes
============= ====================================================================
``txmode``    03 FF: motors are controlled (a first byte above 03 kills the device)
``txvibrate`` the speeds, 0..255; at least two bytes
============= ====================================================================

All models advertise one name; which one it is reads ``rxblemodel``, in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

MOTOR_CONTROL = Packet(b"\x03\xff", endpoint="txmode")
LEAST_BYTES = 2


class Vibratissimo(Protocol):
    """One to three vibrators."""

    stops_in_order = True

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        model = await hardware.read("rxblemodel")
        try:
            return model.decode()
        except UnicodeDecodeError:
            return hardware.name

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return MOTOR_CONTROL, Packet(bytes(values.values()).ljust(LEAST_BYTES, b"\x00"), endpoint="txvibrate")
