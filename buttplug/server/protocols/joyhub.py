"""JoyHub: the speeds of all motors in one packet, and a packet for each other part.

=================== ==================================================================
part                packet
=================== ==================================================================
motors              A0 03, speeds of the features 0 to 3, 0..255, AA
pump, feature 4     A0 07, 01 while it runs, else 00, 00, level, FF
pump, others        A0 0D 00 00, level, FF
heater, light,      A0, 04, 14 or 24, then 01 00 01 FF for on, 00 00 00 00 for off
spray
=================== ==================================================================

The spray stays on until it is told to stop, so each pulse is ended after a second, whatever else is sent meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.slots import by_index, fill

MOTORS = (OutputType.VIBRATE, OutputType.ROTATE, OutputType.OSCILLATE)
SLOTS = by_index(4)

#: The feature of the pump that has packets of its own.
PUMP = 4

SWITCHES = {OutputType.TEMPERATURE: 0x04, OutputType.LED: 0x14, OutputType.SPRAY: 0x24}
ON = bytes((1, 0, 1, 0xFF))
OFF = bytes(4)

#: Seconds of one spray.
PULSE = 1.0


class Joyhub(Protocol):
    """Up to four motors, of any kind, and a pump, a heater, a light or a spray. A rotator turns one way only."""

    repeats_regularly = True

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(output.type in MOTORS for output in changed):
            yield self._motors(values)
        for output in changed:
            if output.type not in MOTORS:
                yield from self.output(output)

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.CONSTRICT if output.feature == PUMP:
                yield Packet(bytes((0xA0, 0x07, output.value > 0, 0, output.value, 0xFF)))
            case OutputType.CONSTRICT:
                yield Packet(bytes((0xA0, 0x0D, 0, 0, output.value, 0xFF)))
            case OutputType.TEMPERATURE | OutputType.LED:
                yield _switch(output.type, on=output.value != 0)
            case OutputType.SPRAY if output.value:
                # Before the packet: a pulse whose write failed may have begun all the same.
                self.repeat_after = PULSE
                yield _switch(output.type, on=True)
            case OutputType.SPRAY:
                yield _switch(output.type, on=False)
                self.repeat_after = None
            case _:
                yield from super().output(output)

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        yield _switch(OutputType.SPRAY, on=False)
        self.repeat_after = None

    def _motors(self, values: Mapping[int, int]) -> Packet:
        motors = {
            feature.index: abs(values[feature.index])
            for feature in self.definition.features
            if not feature.outputs.keys().isdisjoint(MOTORS)
        }
        return Packet(bytes((0xA0, 0x03, *fill(SLOTS, motors), 0xAA)))


def _switch(type_: OutputType, *, on: bool) -> Packet:
    return Packet(bytes((0xA0, SWITCHES[type_])) + (ON if on else OFF))
