"""What is known about a device model: its features, their outputs and inputs, and the ranges of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct, structs

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.messages import U32, U32_MAX, Range

#: Values and readings of the ecosystem's programs have 32 bits.
_Value = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_Datum = Annotated[int, Meta(ge=-(2**31), le=U32_MAX)]


class OutputDefinition(Struct, frozen=True):
    """One output of a feature, in device units.

    ``value`` is (0, n), or (-n, n) where there are two directions, or for a level (m, n) where it begins above 0: then the
    device takes 0 for off, and nothing between. ``duration`` is in milliseconds, for timed positions only.
    """

    value: tuple[_Value, _Value]
    duration: tuple[U32, U32] | None = None
    disabled: bool = False
    reverse_position: bool = False


class InputDefinition(Struct, frozen=True):
    """One input of a feature: a range per channel, and what can be asked of it."""

    value: tuple[tuple[_Datum, _Datum], ...]
    command: tuple[InputCommandType, ...]


class FeatureDefinition(Struct, frozen=True):
    """One part of a device. ``index`` is what clients address; indexes may have gaps."""

    index: int
    description: str
    outputs: Mapping[OutputType, OutputDefinition]
    inputs: Mapping[InputType, InputDefinition]


class DeviceDefinition(Struct, frozen=True):
    """One device model. ``identifier`` is None for a protocol's default; ``message_gap`` is in seconds, None for the bus's."""

    protocol: str
    identifier: str | None
    name: str
    features: tuple[FeatureDefinition, ...]
    variant: str | None = None
    message_gap: float | None = None


def with_signal_strength(definition: DeviceDefinition) -> DeviceDefinition:
    """Return a definition with one feature more, by which clients read the strength of the device's signal in dBm."""
    return _with_input(definition, InputType.RSSI, (-128, 127), "Signal strength, as last heard")


def with_battery(definition: DeviceDefinition) -> DeviceDefinition:
    """Return a definition with one feature more, by which clients read the charge of the device's battery in percent."""
    return _with_input(definition, InputType.BATTERY, (0, 100), "Battery level")


def _with_input(definition: DeviceDefinition, type_: InputType, value: Range, description: str) -> DeviceDefinition:
    if any(type_ in feature.inputs for feature in definition.features):
        return definition
    index = max((feature.index for feature in definition.features), default=-1) + 1
    input_ = InputDefinition((value,), (InputCommandType.READ,))
    feature = FeatureDefinition(index, description, {}, {type_: input_})
    return structs.replace(definition, features=(*definition.features, feature))
