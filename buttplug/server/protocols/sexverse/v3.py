"""Sexverse v3: the motors are told their levels again whenever nothing was written for 0.1 s, zeros too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.server.protocols.base import Output, Packet
from buttplug.server.protocols.sexverse import PerMotor


class SexverseV3(PerMotor):
    """A vibrator. The Zeus has a thruster too: that it is motor 2, as one would expect, was never verified."""

    repeat_after: float | None = 0.1

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        yield from super().encode(changed, values)
        # Quick commands for one motor leave no silence in which the other would be told its level again.
        told = {output.feature for output in changed}
        yield from (self.packet(feature, level) for feature, level in values.items() if level and feature not in told)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return super().encode(stopped, values)
