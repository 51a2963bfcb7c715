"""Game pads: the speeds of four motors, which the communication manager hands to the pad.

====== =====================================================
byte   meaning
====== =====================================================
0..1   low frequency motor, 0..65535, low byte first
2..3   high frequency motor
4..5   left trigger motor
6..7   right trigger motor
====== =====================================================
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, Packet, Protocol

MOTORS = struct.Struct("<4H")

#: What the names begin with that the communication manager chose for pads by their motors: identifiers of the configuration.
CHOSEN = "__sdl-"

#: The motor of each feature.
LAYOUTS: Mapping[str | None, tuple[int, ...]] = {
    None: (0, 1),
    "sdl-rumble-and-triggers": (0, 1, 2, 3),
    "sdl-triggers-only": (2, 3),
}


class SdlGamepad(Protocol):
    """Two or four vibrators."""

    battery_endpoint = "rx"

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        if name.startswith(CHOSEN) and definition.identifier != name:
            raise ButtplugDeviceError(f"the configuration has no row {name}, and another would drive other motors of the pad")
        layout = LAYOUTS.get(definition.variant)
        if layout is None:
            raise ButtplugDeviceError(f"{definition.name} has the unknown protocol variant {definition.variant}")
        if any(feature.outputs and feature.index >= len(layout) for feature in definition.features):
            raise ButtplugDeviceError(f"{definition.name} has only the motors 0 to {len(layout) - 1}")
        self._layout = layout

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        motors = [0] * 4
        for feature, value in values.items():
            motors[self._layout[feature]] = value
        return (Packet(MOTORS.pack(*motors)),)
