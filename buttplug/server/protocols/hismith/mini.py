"""Hismith's later machines, Sinloli, Eropair and others: ``[CC part speed sum]`` per feature.

========= ==== ===================================================================
output    part speed
========= ==== ===================================================================
oscillate 03   0..100
vibrate   05   0..100; part 03 for the first of two vibrators
constrict 03   0..100; part 05 behind another feature
rotate    03   0..100, then ``[CC 01 C0 C1]`` forwards, ``[CC 01 C1 C2]`` backwards
spray     0B   01, once for each value above 0
========= ==== ===================================================================

The last byte is the sum of part and speed. There is no packet that ends a spray: any would be one more.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.hismith import model_of, packet

FIRST = 0x03
SECOND = 0x05
HEAD = 0xCC

FORWARDS = packet(HEAD, 0x01, 0xC0)
BACKWARDS = packet(HEAD, 0x01, 0xC1)
SPRAY = packet(HEAD, 0x0B, 0x01)


class HismithMini(Protocol):
    """One or two parts."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        vibrators = [feature.index for feature in definition.features if OutputType.VIBRATE in feature.outputs]
        constrictors = [feature.index for feature in definition.features if OutputType.CONSTRICT in feature.outputs]
        second = [feature.index for feature in definition.features[1:2]]
        self._parts = {
            OutputType.OSCILLATE: {},
            OutputType.ROTATE: {},
            OutputType.VIBRATE: {index: SECOND for index in vibrators if len(vibrators) == 1 or index == 1},
            OutputType.CONSTRICT: dict.fromkeys(constrictors, SECOND) if constrictors[:1] == second else {},
        }

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        return await model_of(hardware)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is OutputType.SPRAY:
            if output.value:
                yield SPRAY
            return
        if output.type not in self._parts:
            yield from super().output(output)
        yield packet(HEAD, self._parts[output.type].get(output.feature, FIRST), abs(output.value))
        if output.type is OutputType.ROTATE:
            yield FORWARDS if output.value >= 0 else BACKWARDS
