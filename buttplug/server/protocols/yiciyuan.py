"""Yiciyuan: packets that begin with 35 and the number of a kind.

======= ================ =================================================================
kind    bytes            meaning
======= ================ =================================================================
12      2, 3, 4          level of the stroke, the vibration and the third motor, 0..20
..      5..15            00
13      2, 3, 4          about once a second, from the device: 01, battery in percent, charging
======= ================ =================================================================

A level is the value, 0..100, in steps of 5, rounded; only 0 is off. The battery is told on ``rxblebattery``, among others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.base import Notification
from buttplug.server.protocols.base import Hardware, InputType, Output, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = by_index(3)
SIZE = 16

LEVELS = b"\x35\x12"
BATTERY = b"\x35\x13"
BATTERY_PLACE = 3
#: Seconds to wait for the battery level.
BATTERY_TIMEOUT = 3.0


class Yiciyuan(Protocol):
    """A stroke and two more motors."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        levels = bytes(map(_level, fill(MOTORS, values)))
        return (Packet((LEVELS + levels).ljust(SIZE, b"\x00")),)

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is not InputType.BATTERY:
            return await super().read(hardware, feature, type)
        with hardware.listen() as listener:
            await hardware.subscribe("rxblebattery")
            return await listener.find(battery_level, BATTERY_TIMEOUT)


def _level(value: int) -> int:
    return max((value * 20 + 50) // 100, value > 0)


def battery_level(notification: Notification) -> int | None:
    """Return the percentage in what the device tells of its battery; None in any other notification."""
    data = notification.data
    if notification.endpoint != "rxblebattery" or not data.startswith(BATTERY) or len(data) <= BATTERY_PLACE:
        return None
    return data[BATTERY_PLACE] if data[BATTERY_PLACE] <= 100 else None
