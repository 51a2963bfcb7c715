"""What clients are told of a device's features."""

from __future__ import annotations

from collections.abc import Mapping

from buttplug.core.enums import InputType, OutputType
from buttplug.core.messages import FeatureInfo, InputLimits, OutputLimits
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.limits import OutputRange


def describe_features(
    definition: DeviceDefinition, ranges: Mapping[tuple[int, OutputType], OutputRange]
) -> dict[int, FeatureInfo]:
    """Return the features as clients see them, by index: without disabled outputs, which have no range, and empty features."""
    features = {}
    for feature in definition.features:
        outputs = {
            type_.value: OutputLimits(ranges[feature.index, type_].shown, ranges[feature.index, type_].shown_duration)
            for type_ in feature.outputs
            if (feature.index, type_) in ranges
        }
        inputs = {
            word: InputLimits(list(input_.value), [command.value for command in input_.command])
            for type_, input_ in feature.inputs.items()
            # Some clients know the one spelling only, some the other.
            for word in (("Rssi", "RSSI") if type_ is InputType.RSSI else (type_.value,))
        }
        if outputs or inputs:
            features[feature.index] = FeatureInfo(feature.index, feature.description, outputs, inputs)
    return features
