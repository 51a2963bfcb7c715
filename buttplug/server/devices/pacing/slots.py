"""A slot is one output of one feature; the two kinds of position share one, since they move the same part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from buttplug.core.enums import OutputType
from buttplug.core.messages import Range

Slot: TypeAlias = tuple[int, OutputType]


def slot_of(feature: int, type: OutputType) -> Slot:  # noqa: A002
    """Return the slot of an output."""
    return (feature, OutputType.POSITION if type.is_position else type)


def parts_first(slot: Slot) -> tuple[bool, int]:
    """Return the place of a slot in the order of sending: moving parts come first, for the first packet of a batch is the one
    that is sent at the time for which places are estimated.
    """
    return (not slot[1].is_position, slot[0])


class Limits(Struct, frozen=True):
    """What a device may be told, with its user's limits: the range of every output's value, in device units, and the range of
    the duration in milliseconds by feature, where timed moves exist.
    """

    values: Mapping[Slot, Range]
    durations: Mapping[int, Range]
