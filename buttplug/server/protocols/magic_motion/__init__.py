"""Magic Motion: a packet of blocks, one for each motor that it may have.

===== ==================================================
byte  meaning
===== ==================================================
0     number of bytes behind this one
1..3  FF 04 0A
4..5  by protocol, see :data:`FORMS`
6     00
7..   for each motor: 04 08, speed 0..100, 64, its number
===== ==================================================

A packet with two blocks goes to toys with one motor too. Its second speed is then 0; of protocol 4 it is the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from buttplug.server.protocols.base import Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill


class Form(NamedTuple):
    """Bytes 4 and 5, the number of blocks, whether one motor's speed fills both, and whether packets are acknowledged."""

    settings: bytes
    blocks: int
    same_in_both: bool = False
    response: bool = False


FORMS = {
    "magic-motion-1": Form(b"\x32\x32", 1),
    "magic-motion-2": Form(b"\x32\x0a", 2),
    "magic-motion-3": Form(b"\x46\x46", 1),
    "magic-motion-4": Form(b"\x32\x32", 2, same_in_both=True, response=True),
}


class MagicMotion(Protocol):
    """One or two motors."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        form = FORMS[self.definition.protocol]
        speeds = fill(by_index(form.blocks), values)
        if form.same_in_both and len(values) == 1:
            speeds = [max(speeds)] * form.blocks
        blocks = b"".join(bytes((0x04, 0x08, speed, 0x64, motor)) for motor, speed in enumerate(speeds))
        content = b"\xff\x04\x0a" + form.settings + b"\x00" + blocks
        return (Packet(bytes((len(content),)) + content, response=form.response),)


PROTOCOLS = dict.fromkeys(FORMS, MagicMotion)
