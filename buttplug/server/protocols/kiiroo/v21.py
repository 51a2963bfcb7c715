"""Kiiroo and OhMiBod of the second generation, revised: one packet per feature.

========= ====== ===================================================
feature   byte   meaning
========= ====== ===================================================
vibrator  0      01
..        1      speed, 0..100 (Pulse: 0..6)
stroker   0..1   03 00
..        2      speed, 1..99
..        3      place to go to, 0..99
========= ====== ===================================================

A read of ``whitelist`` gives 20 bytes, of which byte 5 is the battery level in percent. The Pearl notifies nine bytes on
``rx``: the pressure on channels 1 to 4, unsigned 16 bit, high byte first, lower for more pressure (about 850 at rest); and
in bits 0 to 3 of byte 8 which channels are pressed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import ClassVar

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, InputType, Output, OutputType, Packet, Protocol, Reading
from buttplug.server.protocols.kiiroo.strokes import speed_of, time_of

STATUS = "whitelist"
STATUS_SIZE = 20
BATTERY = 5

PRESSURES = struct.Struct(">4HB")


class KiirooV21(Protocol):
    """A vibrator, for the Titan a stroker, for the Pearl four pressure channels: its features with that input, in order."""

    #: Which byte of the status is the battery level, by how many bytes the status has.
    battery_byte: ClassVar[Mapping[int, int]] = {STATUS_SIZE: BATTERY}

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._channels = [feature.index for feature in definition.features if InputType.PRESSURE in feature.inputs]
        self._wanted: set[tuple[int, InputType]] = set()
        self._pressed = 0

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.VIBRATE:
                yield Packet(bytes((0x01, output.value)))
            case OutputType.POSITION_WITH_DURATION:
                yield Packet(bytes((0x03, 0x00, speed_of(output), output.value)))
            case _:
                yield from super().output(output)

    def travel_time(self, output: Output) -> int:
        return time_of(output)

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is not InputType.BATTERY:
            return await super().read(hardware, feature, type)
        status = await hardware.read(STATUS)
        byte = self.battery_byte.get(len(status))
        if byte is None or status[byte] > 100:
            raise ButtplugDeviceError(f"{self.definition.name} sent no battery level but [{status.hex(' ')}]")
        return status[byte]

    async def subscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        await hardware.subscribe("rx")
        self._wanted.add((feature, type))

    async def unsubscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        self._wanted.discard((feature, type))
        if not self._wanted:
            await hardware.unsubscribe("rx")

    def notified(self, endpoint: str, data: bytes) -> Iterable[Reading]:
        if endpoint != "rx" or len(data) != PRESSURES.size:
            return
        *pressures, pressed = PRESSURES.unpack(data)
        changed, self._pressed = pressed ^ self._pressed, pressed
        for channel, feature in enumerate(self._channels):
            yield Reading(feature, InputType.PRESSURE, pressures[channel])
            if changed >> channel & 1:
                yield Reading(feature, InputType.BUTTON, pressed >> channel & 1)
