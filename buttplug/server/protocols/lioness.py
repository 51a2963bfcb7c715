"""Lioness: ``[02 AA BB CC CC, speed 0..100]``, after a hand-shake that some systems only allow to paired toys."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol

START = Packet(b"\x01\xaa\xaa\xbb\xcc\x10", response=True)


class Lioness(Protocol):
    """A vibrator."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        try:
            await hardware.write(START)
        except HardwareError as error:
            raise HardwareError(
                f"it could not be started: {error.message}; if it is not paired in the system's Bluetooth settings, "
                "pair it there, with PIN 6496 or 006496"
            ) from error

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x02, 0xAA, 0xBB, 0xCC, 0xCC, output.value))),)
