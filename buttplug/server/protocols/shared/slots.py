"""Packets that have a place for each kind of motor that a brand builds, whichever of them a model has.

A slot is the features whose values go to one place of the packet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition

Slots: TypeAlias = Sequence[Collection[int]]


def by_index(count: int) -> Slots:
    """Return slots for the features 0, 1 and so on."""
    return [(index,) for index in range(count)]


def by_type(definition: DeviceDefinition, *types: OutputType) -> Slots:
    """Return a slot for each type of output: the features that have one, in index order."""
    return [sorted(feature.index for feature in definition.features if type_ in feature.outputs) for type_ in types]


def fill(slots: Slots, values: Mapping[int, int]) -> list[int]:
    """Return the value of each slot: 0 for one that has no feature, the highest where several share it.

    Raises:
        ButtplugDeviceError: A feature is to run that has no slot.
    """
    require_slots(slots, values)
    return [max((values[index] for index in slot if index in values), default=0) for slot in slots]


def require_slots(slots: Slots, values: Mapping[int, int]) -> None:
    """Make sure that every feature that is to run has a slot.

    Raises:
        ButtplugDeviceError: One has none.
    """
    for index, value in values.items():
        if value and not any(index in slot for slot in slots):
            raise ButtplugDeviceError(f"there is no place for feature {index} in the packets of this protocol")
