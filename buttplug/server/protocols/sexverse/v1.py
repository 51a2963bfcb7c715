"""Sexverse v1: one packet with all motors.

======== ===================================================================
byte     meaning
======== ===================================================================
0..1     23 07
2        3 for each motor
3..      per motor: its number from 81 on, type (03 vibrates, 04 thrusts or
         sucks, 06 rotates), level 0..255
last     all bytes before it, exclusive or
======== ===================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.checksums import xor8
from buttplug.server.protocols.shared.levels import require_one_direction, single_outputs

FIRST_MOTOR = 0x81
TYPES = {OutputType.VIBRATE: 3, OutputType.OSCILLATE: 4, OutputType.CONSTRICT: 4, OutputType.ROTATE: 6}


class SexverseV1(Protocol):
    """One to three motors, each with one direction."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._motors = {feature: type_ for feature, type_ in single_outputs(definition).items() if type_ in TYPES}

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(self._motors.get(output.feature) is not output.type for output in changed):
            return super().encode(changed, values)
        require_one_direction(*changed)
        data = [0x23, 7, 3 * len(self._motors)]
        for motor, (feature, type_) in enumerate(self._motors.items(), start=FIRST_MOTOR):
            data += motor, TYPES[type_], values.get(feature, 0)
        return (Packet(bytes((*data, xor8(data)))),)
