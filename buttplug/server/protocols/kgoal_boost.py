"""KGoal Boost: it only senses. Seven bytes are notified on ``rxpressure``.

====== =================================================================
byte   meaning
====== =================================================================
0..2   00 01 04
3..4   normalized pressure, unsigned 16 bit, high byte first
5..6   raw pressure, the same
====== =================================================================

A pressure is told when it is another than before; before the first notification both are 0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, InputType, Protocol, Reading

PRESSURES = struct.Struct(">3x2H")


class KgoalBoost(Protocol):
    """Two pressures, normalized and raw: its features with that input, in order."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._features = [feature.index for feature in definition.features if InputType.PRESSURE in feature.inputs]
        self._wanted: set[int] = set()
        self._known = (0, 0)

    async def subscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        if not self._wanted:
            self._known = (0, 0)
        await hardware.subscribe("rxpressure")
        self._wanted.add(feature)

    async def unsubscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        self._wanted.discard(feature)
        if not self._wanted:
            await hardware.unsubscribe("rxpressure")

    def notified(self, endpoint: str, data: bytes) -> Iterable[Reading]:
        if endpoint != "rxpressure" or len(data) < PRESSURES.size:
            return
        pressures: tuple[int, int] = PRESSURES.unpack_from(data)
        known, self._known = self._known, pressures
        for feature, pressure, before in zip(self._features, pressures, known, strict=False):
            if pressure != before:
                yield Reading(feature, InputType.PRESSURE, pressure)
