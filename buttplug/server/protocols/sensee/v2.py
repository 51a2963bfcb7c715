"""Sensee of the second generation: one packet with the values of all features, in groups.

================= =========================================================
bytes             meaning
================= =========================================================
0..4              55 AA F0 02 00
5                 how many bytes follow
6                 type of the device
7                 F1
8                 how many groups follow
..                group, how many values follow, for each its number and itself
last two          00 00
================= =========================================================

Groups that a model does not have are left out: 0 vibrators, 1 thrusters, 2 suction. Values are 0..100, their numbers count
from 1. The type of the device is byte 6 of what ``tx`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.sensee import MARK
from buttplug.server.protocols.shared.slots import by_type, require_slots

HEAD = MARK + b"\x02\x00"

TYPE_PLACE = 6
#: The type of a device that does not tell it.
DEFAULT_TYPE = 0x65


class SenseeV2(Protocol):
    """Vibrators, thrusters and suction."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._type = DEFAULT_TYPE
        self._groups = by_type(definition, OutputType.VIBRATE, OutputType.OSCILLATE, OutputType.CONSTRICT)

    async def initialise(self, hardware: Hardware) -> None:
        told = await hardware.read("tx")
        if len(told) > TYPE_PLACE:
            self._type = told[TYPE_PLACE] or DEFAULT_TYPE

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        require_slots(self._groups, values)
        groups = bytearray()
        for group, features in enumerate(self._groups):
            if features:
                groups += bytes((group, len(features)))
                for number, feature in enumerate(features, start=1):
                    groups += bytes((number, values.get(feature, 0)))
        content = bytes((self._type, 0xF1, sum(map(bool, self._groups)), *groups, 0x00, 0x00))
        return (Packet(HEAD + bytes((len(content),)) + content),)
