"""Vorze: one packet with all values, to be acknowledged.

================ ============= ============= ============
variant          byte 0        byte 1        byte 2
================ ============= ============= ============
single vibrator  06, 07        03            speed 0..100
single rotator   01, 02        01            rotation
dual rotator     05            left rotation right rotation
dual vibrator    09            speed 0..99   speed 0..99
piston           03            place 0..99   speed 1..100
================ ============= ============= ============

A rotation is a speed, 0..99, with bit 7 set for the positive direction and for 0. Byte 0 is the model, which only the
advertised name tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.strokes import distance, longest_distance

POSITIVE = 0x80

PISTON_STROKE = 99
PISTON_FULL_SPEED = 100
#: Milliseconds in which the piston makes its longest way, 200 steps, at speed 1; the time falls as the speed to the power of
#: 1 / 1.21.
PISTON_WAY = 200
PISTON_SLOWEST = 6658


def rotation(value: int) -> int:
    """Return the byte for a signed speed."""
    return POSITIVE | value if value >= 0 else -value


class Variant(NamedTuple):
    """A part of the advertised name, in lower case, to byte 0; what stands before the values; a value's byte."""

    models: Mapping[str, int]
    prefix: bytes
    encode: Callable[[int], int]


PISTON = "vorze-sa-piston"
VARIANTS = {
    "vorze-sa-single-vibrator": Variant({"bach": 0x06, "rocket": 0x07}, b"\x03", int),
    "vorze-sa-single-rotator": Variant({"cycsa": 0x01, "ufo": 0x02}, b"\x01", rotation),
    "vorze-sa-dual-rotator": Variant({"": 0x05}, b"", rotation),
    "vorze-sa-dual-vibrator": Variant({"omor": 0x09}, b"", int),
    PISTON: Variant({"": 0x03}, b"", int),
}


class VorzeSa(Protocol):
    """Vibrators, rotators in two directions, or a piston."""

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        variant = VARIANTS.get(definition.variant or "")
        if variant is None:
            raise ButtplugDeviceError(
                f"{definition.name} has the protocol variant {definition.variant}; it needs one of {', '.join(VARIANTS)}"
            )
        model = next((byte for part, byte in variant.models.items() if part in name.lower()), None)
        if model is None:
            raise ButtplugDeviceError(
                f"{name} cannot be driven as {definition.variant}: its name contains none of {', '.join(variant.models)}"
            )
        self._head = bytes((model, *variant.prefix))
        self._encode = variant.encode

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if self.definition.variant == PISTON:
            return super().encode(changed, values)
        return (Packet(self._head + bytes(map(self._encode, values.values())), response=True),)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.POSITION_WITH_DURATION:
            yield from super().output(output)
        speed = piston_speed(distance(output, PISTON_STROKE), output.duration)
        yield Packet(bytes((*self._head, output.value, speed)), response=True)

    def travel_time(self, output: Output) -> int:
        speed = piston_speed(distance(output, PISTON_STROKE), output.duration)
        return piston_time(longest_distance(output, PISTON_STROKE), speed)


def piston_speed(steps: int, duration: int) -> int:
    """Return the speed, 1 to 100, that makes a way of ``steps`` take about ``duration`` ms."""
    if not steps:
        return 1
    if not duration:
        return PISTON_FULL_SPEED
    speed = (PISTON_WAY * duration / min(steps, PISTON_WAY) / PISTON_SLOWEST) ** -1.21
    return min(max(int(speed), 1), PISTON_FULL_SPEED)


def piston_time(steps: int, speed: int) -> int:
    """Return about how many milliseconds a way of ``steps`` takes at a speed, 1 to 100."""
    return round(steps / PISTON_WAY * PISTON_SLOWEST * math.pow(speed, -1 / 1.21))
