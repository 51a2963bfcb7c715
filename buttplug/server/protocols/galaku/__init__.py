"""Galaku: enciphered frames, see ``cipher``. The pump is in ``pump``.

============== ==================================================
content        meaning
============== ==================================================
5A 00 00 01 31 the only motor: its speed, 0..100, and four zeros
5A 00 00 01 40 two motors: 03, both speeds, and two zeros
5A 00 00 01 13 what is the battery level? and five zeros
============== ==================================================

The model that calls itself ``AC695X_1(BLE)`` is sent 16 bytes as they are: AA 01 0A 03, its speed, 01 while it runs, zeros.

Whether the battery level comes in a frame is not known. What is a frame is deciphered, and has the level in its fourth byte;
of anything else the level is the first byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.base import Notification
from buttplug.server.protocols.base import Hardware, InputType, Output, Packet, Protocol
from buttplug.server.protocols.galaku.cipher import MARK, deciphered, enciphered
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(2)
HEAD = b"\x5a\x00\x00\x01"

PLAIN_MODEL = "AC695X_1(BLE)"
PLAIN_HEAD = b"\xaa\x01\x0a\x03"
PLAIN_SIZE = 16

BATTERY = Packet(enciphered(HEAD + b"\x13" + bytes(5)), response=True)
BATTERY_PLACE = 3
#: Seconds to wait for the battery level.
BATTERY_TIMEOUT = 3.0


class Galaku(Protocol):
    """One motor or two, of any kind."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        # Some rotate, but none of them in two directions.
        speeds = {feature: abs(value) for feature, value in values.items()}
        if len(speeds) == 1:
            return (self._single(*speeds.values()),)
        return (Packet(enciphered(HEAD + bytes((0x40, 0x03, *fill(MOTORS, speeds), 0x00, 0x00)))),)

    def _single(self, speed: int) -> Packet:
        if self.name == PLAIN_MODEL:
            return Packet((PLAIN_HEAD + bytes((speed, speed > 0))).ljust(PLAIN_SIZE, b"\x00"))
        return Packet(enciphered(HEAD + bytes((0x31, speed)) + bytes(4)))

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is not InputType.BATTERY:
            return await super().read(hardware, feature, type)
        with hardware.listen() as listener:
            await hardware.subscribe("rxblebattery")
            await hardware.write(BATTERY)
            return await listener.find(battery_level, BATTERY_TIMEOUT)


def battery_level(notification: Notification) -> int | None:
    """Return the percentage in an answer to the question for it; None in any other notification."""
    data = notification.data
    if notification.endpoint != "rxblebattery" or not data:
        return None
    content = deciphered(data)
    if content is None and data[0] == MARK and len(data) > 1:
        return None
    level = data[0] if content is None else content[BATTERY_PLACE]
    return level if level <= 100 else None
