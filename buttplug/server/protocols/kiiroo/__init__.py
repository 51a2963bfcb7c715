"""Kiiroo, OhMiBod and PornHub.

The vibrators are here: one packet each, with all speeds, 0..100. What moves, or is read in another way, has a module of its
own, by generation.

================== =========================== ========
protocol           packet                      response
================== =========================== ========
kiiroo-v2-vibrator speed 0, 1, 2               no
kiiroo-spot        00 FF 00 00 00 speed        no
kiiroo-spot-v2     01 speed speed 03 E8 FF     yes
kiiroo-prowand     00 00 64 on speed speed     no
kiiroo-powershot   01 00 00 speed 0, 1 00      yes
================== =========================== ========

A speed without a motor is 0. Of the ProWand ``on`` is FF, 00 at speed 0, and its speeds go up to 255.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill


class Form(NamedTuple):
    """How many speeds a packet has, how it is made from them, and whether it is acknowledged."""

    motors: int
    packet: Callable[..., tuple[int, ...]]
    response: bool = False


FORMS = {
    "kiiroo-v2-vibrator": Form(3, lambda *speeds: speeds),
    "kiiroo-spot": Form(1, lambda speed: (0x00, 0xFF, 0x00, 0x00, 0x00, speed)),
    "kiiroo-spot-v2": Form(1, lambda speed: (0x01, speed, speed, 0x03, 0xE8, 0xFF), response=True),
    "kiiroo-prowand": Form(1, lambda speed: (0x00, 0x00, 0x64, 0xFF if speed else 0x00, speed, speed)),
    "kiiroo-powershot": Form(2, lambda first, second: (0x01, 0x00, 0x00, first, second, 0x00), response=True),
}


class KiirooVibrator(Protocol):
    """One to three vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        form = FORMS[self.definition.protocol]
        speeds = fill(by_index(form.motors), values)
        return (Packet(bytes(form.packet(*speeds)), response=form.response),)


PROTOCOLS = dict.fromkeys(FORMS, KiirooVibrator)
