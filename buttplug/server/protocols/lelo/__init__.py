"""Lelo: one packet for both motors, or one packet for each, most of them after a pairing.

=============== ========== =================================================================
packet          byte       meaning
=============== ========== =================================================================
both motors     0          01
..              1..2       speed 0, speed 1, 0..100
each motor      0..1       0A 12
..              2          motor, 1 or 2
..              3          08; of the F1s V3 at speed 0: 00, or it may not stop
..              4..7       00
..              8          speed, 0..100
..              9          00
=============== ========== =================================================================

Which toy takes which, where, and by which endpoint it is paired:

=================================== ========= ============ ========= ========
toy                                 paired by packets for  endpoint  response
=================================== ========= ============ ========= ========
lelo-f1s                            ..        both motors  tx        no
lelo-f1sv2                          whitelist both motors  tx        yes
lelo-f1sv2 without a whitelist      generic0  each motor   txvibrate no
lelo-harmony                        whitelist each motor   tx        no
lelo-harmony, F1s V3                whitelist each motor   tx        yes
lelo-harmony, F1s V3 with generic0  generic0  both motors  command   yes
=================================== ========= ============ ========= ========

The first F1s is not paired, but does nothing before its power button was pressed; that press switches it off unless somebody
listens on ``rx``. The rotator of some Harmony models is their second motor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.lelo.pairing import PAIRING_TIME, pair
from buttplug.server.protocols.shared.slots import by_index, fill

F1S_V3 = "F1SV3"
#: What only its early firmware has.
EARLY_ENDPOINT = "generic0"


class Style(NamedTuple):
    """By which endpoint a toy is paired, and where and how it takes its packets. ``pattern_at_0`` is byte 3 at speed 0."""

    security: str
    endpoint: str = "tx"
    both_motors: bool = False
    response: bool = False
    pattern_at_0: int = 0x08


def style_of(definition: DeviceDefinition, endpoints: Collection[str]) -> Style:
    """Return the style of a model that has these endpoints."""
    if definition.protocol == "lelo-f1sv2":
        if "whitelist" in endpoints:
            return Style("whitelist", both_motors=True, response=True)
        return Style("generic0", endpoint="txvibrate")
    if definition.identifier != F1S_V3:
        return Style("whitelist")
    if EARLY_ENDPOINT in endpoints:
        return Style(EARLY_ENDPOINT, endpoint="command", both_motors=True, response=True)
    return Style("whitelist", response=True, pattern_at_0=0x00)


class LeloF1s(Protocol):
    """Two vibrators."""

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (Packet(_speeds(values)),)


class LeloPaired(Protocol):
    """One or two motors of a toy that is paired first."""

    handshake_timeout: ClassVar[float] = PAIRING_TIME + 15.0

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._style = style_of(definition, ("whitelist",))

    async def initialise(self, hardware: Hardware) -> None:
        self._style = style_of(self.definition, hardware.endpoints)
        await pair(hardware, self._style.security)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if not self._style.both_motors:
            return super().encode(changed, values)
        return (Packet(_speeds(values), self._style.endpoint, self._style.response),)

    def output(self, output: Output) -> Iterable[Packet]:
        pattern = 0x08 if output.value else self._style.pattern_at_0
        data = bytes((0x0A, 0x12, output.feature + 1, pattern, 0x00, 0x00, 0x00, 0x00, output.value, 0x00))
        return (Packet(data, self._style.endpoint, self._style.response),)


def _speeds(values: Mapping[int, int]) -> bytes:
    return bytes((0x01, *fill(by_index(2), values)))


PROTOCOLS: Mapping[str, type[Protocol]] = {"lelo-f1s": LeloF1s, "lelo-f1sv2": LeloPaired, "lelo-harmony": LeloPaired}
