"""Levels: of motors that know one direction, and packets that carry those of several outputs at once."""

from __future__ import annotations

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Output


def single_outputs(definition: DeviceDefinition) -> dict[int, OutputType]:
    """Return the type of each feature's output, by feature index, for the features that have one.

    Such packets are made from one value per feature. Of a feature with two outputs, which only a user's own definition has,
    it is not known which of them the value is for, so it is left out.
    """
    return {feature.index: next(iter(feature.outputs)) for feature in definition.features if len(feature.outputs) == 1}


def require_one_direction(*outputs: Output) -> None:
    """Refuse negative levels, which only a user's own definition has.

    Raises:
        ButtplugDeviceError: There is one.
    """
    for output in outputs:
        if output.value < 0:
            raise ButtplugDeviceError(f"these devices know one direction of {output.type}, and {output.value} is the other")
