"""We-Vibe: eight bytes, acknowledged, with the speeds of an internal and an external motor.

=============== ======================== ======================= ======================= ========
protocol        bytes 0..2               byte 3                  byte 4                  byte 5
=============== ======================== ======================= ======================= ========
wevibe          0F 03 00                 internal << 4, external 00                      running
wevibe-8bit     0F 03 00                 external + 3            internal + 3            running
wevibe-chorus   0F 03 00                 internal                external                running
all, to stop    0F 00 00                 00                      00                      00
=============== ======================== ======================= ======================= ========

Bytes 6 and 7 are 00. Byte 5 says which motors run; speed 0 alone stops none: bit 0 is the internal and bit 1 the external
one, of ``wevibe`` the other way round. Where there is one motor it has both speeds.

Toys of ``wevibe`` are woken with speed 9 for both motors, or what their user allows, and stopped at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared.nibbles import nibbles
from buttplug.server.protocols.shared.slots import by_index, fill

#: The speed that wakes them.
WAKING = 9
STOP = Packet(bytes((0x0F, *bytes(7))), response=True)

LOWEST_8BIT = 3

#: Bytes 3 to 5 from the speeds of the internal and the external motor, one of which is not 0.
SPEEDS: Mapping[str, Callable[[int, int], tuple[int, int, int]]] = {
    "wevibe": lambda internal, external: (nibbles(internal, external), 0x00, _running(external, internal)),
    "wevibe-8bit": lambda internal, external: (
        external + LOWEST_8BIT,
        internal + LOWEST_8BIT,
        _running(internal, external),
    ),
    "wevibe-chorus": lambda internal, external: (internal, external, _running(internal, external)),
}


class WevibeEightBytes(Protocol):
    """One or two vibrators."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        internal, external = fill(by_index(2), values)
        if len(values) == 1:
            internal = external = max(internal, external)
        if not internal and not external:
            return (STOP,)
        speeds = SPEEDS[self.definition.protocol](internal, external)
        return (Packet(bytes((0x0F, 0x03, 0x00, *speeds, 0x00, 0x00)), response=True),)


class Wevibe(WevibeEightBytes):
    """One or two vibrators that are woken first."""

    async def initialise(self, hardware: Hardware) -> None:
        speeds = {feature: min(WAKING, highest) for (feature, _), highest in self.highest_levels.items()}
        try:
            for packet in self.encode((), speeds):
                await hardware.write(packet)
        finally:
            # Also when it is not known whether that arrived, or nobody waits for it any more: it starts the motors.
            await hardware.write(STOP)


def _running(bit_0: int, bit_1: int) -> int:
    return bool(bit_0) | bool(bit_1) << 1


PROTOCOLS: Mapping[str, type[Protocol]] = {
    "wevibe": Wevibe,
    "wevibe-8bit": WevibeEightBytes,
    "wevibe-chorus": WevibeEightBytes,
}
