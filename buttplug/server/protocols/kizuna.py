r"""Kizuna Smart, on a serial port: ``5\r\n`` is speed 5, one digit."""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Kizuna(Protocol):
    """One rotator of one direction, 0..9."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(f"{output.value}\r\n".encode()),)
