"""What commands of versions 1 to 3 come to: an index finds an output, a share is a number of its steps, and together they are
commands of version 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from buttplug.core.enums import OutputType
from buttplug.core.legacy.conversion import Conversion, DeviceCommand
from buttplug.core.legacy.device import SCALAR_TYPES, Actuator, Device
from buttplug.core.messages import OutputArguments, OutputCmd
from buttplug.core.steps import STEP_TOLERANCE
from buttplug.core.text import printable

#: The least share of a speed or level that is more than off.
LEAST = 0.000001

Item = TypeVar("Item")


class Order(NamedTuple):
    """What one entry of a command comes to."""

    entry: int
    actuator: Actuator
    arguments: OutputArguments


def entry_of(device: Device, entries: Sequence[Item], index: int, command: str) -> Item:
    """Return the entry with an index; raises :class:`ButtplugDeviceError` where there is none."""
    if index >= len(entries):
        there_are = f"the highest is {len(entries) - 1}" if entries else "it has none"
        raise device.error(f"there is no {command} index {index}: {there_are}")
    return entries[index]


def output_of(device: Device, entry: Actuator, word: str) -> Actuator:
    """Return the output that a type names, of the feature that an entry belongs to.

    Raises:
        ButtplugDeviceError: The feature has no such output.
    """
    outputs = [actuator for actuator in device.scalars if actuator.feature == entry.feature]
    wanted = next((type_ for type_ in SCALAR_TYPES if type_.casefold() == word.casefold()), None)
    for actuator in outputs:
        if actuator.type is wanted:
            return actuator
    known = ", ".join(actuator.type for actuator in outputs)
    raise device.error(f'feature {entry.feature} has no "{printable(word)}" scalar; its scalars are {known}')


def level_of(actuator: Actuator, share: float) -> int:
    """Return the step for a share, rounded up, so that the least push moves something."""
    if share < LEAST and actuator.type is not OutputType.POSITION:
        return 0
    return math.ceil(actuator.count * share - STEP_TOLERANCE)


def place_of(actuator: Actuator, share: float) -> int:
    """Return the step for a share of the way, rounded down."""
    return math.floor(actuator.count * share + STEP_TOLERANCE)


def conversion_of(message: DeviceCommand, orders: Iterable[Order]) -> Conversion:
    """Return orders by feature. Of several for the same entry, or for the same output, the last counts."""
    by_entry = {order.entry: order for order in orders}
    by_output = {(order.actuator.feature, order.actuator.type): order for order in by_entry.values()}
    return Conversion(
        [
            OutputCmd(message.id, message.device_index, feature, {type_: order.arguments})
            for (feature, type_), order in sorted(by_output.items(), key=lambda item: item[0][0])
        ]
    )
