"""Mizz Zee: one vibrator, in three kinds of packets; that of the third has a module, ``v3``.

========= ======================= ===========
family    bytes 0..3              4..
========= ======================= ===========
first     69 96 03 01             01 while it runs, 00 for off; level, 0..68
v2        69 96 04 02             level, 0..68; 2C; the level again
========= ======================= ===========

Byte 2 is the number of bytes behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.protocols.base import Output, Packet, Protocol


class Mizzzee(Protocol):
    """The first."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x69, 0x96, 3, 1, output.value > 0, output.value))),)


class MizzzeeV2(Protocol):
    """The second."""

    def output(self, output: Output) -> Iterable[Packet]:
        return (Packet(bytes((0x69, 0x96, 4, 2, output.value, 0x2C, output.value))),)
