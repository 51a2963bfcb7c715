"""Lovense toys behind the Lovense Connect app: each packet is the path of an HTTP request, with the toy's id at its end.

============================== =========================================
path                           meaning
============================== =========================================
``Vibrate1?v=10&t=f0a1``       vibrator (or lone thruster) 0 at 10 of 20
``Thrusting?v=10&t=f0a1``      thruster
``AirAuto?v=2&t=f0a1``         air pump
``RotateChange?t=f0a1``        the other direction from now on
``Rotate?v=10&t=f0a1``         rotator, 0..20
============================== =========================================

The battery level is the byte read from ``rx``: the app's last word on it.
"""

from __future__ import annotations

from collections.abc import Iterable

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.levels import require_one_direction

#: The one thruster that needs to be told how far to go, and the depth it is told.
SOLACE = "Solace"
SOLACE_DEPTH = 3

#: Seconds behind a change of direction: old Noras switch off when the speed comes together with it.
CHANGE_PAUSE = 0.1


class LovenseConnectService(Protocol):
    """Vibrators, thrusters, air pumps and rotators of many models."""

    battery_endpoint = "rx"

    #: The direction of the rotator, which cannot be asked: positive when it is switched on.
    _positive = True

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        # A toy whose only motor is a thruster takes its speed as a vibrator's.
        self._has_thruster = name == SOLACE or any(OutputType.VIBRATE in feature.outputs for feature in definition.features)

    async def initialise(self, hardware: Hardware) -> None:
        if self.name == SOLACE:
            await hardware.write(self._path("Depth", SOLACE_DEPTH))

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.OSCILLATE if self._has_thruster:
                require_one_direction(output)
                yield self._path("Thrusting", output.value)
            case OutputType.VIBRATE | OutputType.OSCILLATE:
                require_one_direction(output)
                yield self._path(f"Vibrate{output.feature + 1}", output.value)
            case OutputType.CONSTRICT:
                yield self._path("AirAuto", output.value)
            case OutputType.ROTATE:
                if output.value and (output.value > 0) is not self._positive:
                    yield Packet(f"RotateChange?t={self.address}".encode(), pause=CHANGE_PAUSE)
                    self._positive = output.value > 0
                yield self._path("Rotate", abs(output.value))
            case _:
                yield from super().output(output)

    def _path(self, command: str, value: int) -> Packet:
        return Packet(f"{command}?v={value}&t={self.address}".encode())
