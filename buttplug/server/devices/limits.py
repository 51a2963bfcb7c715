"""What clients may ask of an output, and what the device is then told: a user's limits hold for every value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from msgspec import Struct, structs

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import Range
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.pacing import Limits, slot_of
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from buttplug.server.protocols.base import Protocol

_NO_SETTINGS = OutputSettings()
_TIMED = OutputType.POSITION_WITH_DURATION


class OutputRange(Struct, frozen=True):
    """The ranges of one output with a user's limits applied.

    ``shown`` is the inclusive range that clients are told, ``shown_duration`` that of the duration in milliseconds.
    Level 0 is off whatever the limits; a level beyond it counts from the lower limit, away from zero both ways. Position
    0 is the lower limit, or the upper one of a reversed output. Limits that leave a single value show (0, 1), so that
    there is always something to choose.

    A device whose range begins above 0, a heater with 37 to 42 degrees, shows (0, 42) all the same, as everywhere in the
    ecosystem. A level between off and ``first_level``, where the device begins, is sent as ``first_level``. Limits that end
    below that leave nothing but off.

    Where ``is_whole``, what clients ask for is what the device is told.
    """

    shown: Range
    shown_duration: Range | None
    lowest: int
    highest: int
    first_level: int
    is_position: bool
    reverse: bool
    is_whole: bool

    @classmethod
    def of(cls, type: OutputType, definition: OutputDefinition, settings: OutputSettings) -> Self:  # noqa: A002
        """Combine what a device can do with what its user wants.

        Raises:
            ConfigurationError: The user's limits are not inside the device's range.
        """
        limit = definition.value[1]
        lowest, highest = settings.value or (0, limit)
        if not 0 <= lowest <= highest <= limit:
            raise ConfigurationError(f"the {type} limits {lowest}..{highest} are not inside 0..{limit}")
        count = max(highest - lowest, 1)
        reverse = type.is_position and definition.reverse_position != settings.reverse
        return cls(
            shown=(-count if definition.value[0] < 0 else 0, count),
            shown_duration=_duration(type, definition.duration, settings.duration),
            lowest=lowest,
            highest=highest,
            first_level=max(definition.value[0], 0),
            is_position=type.is_position,
            reverse=reverse,
            is_whole=lowest == 0 and definition.value[0] <= 0 and highest > 0 and not reverse,
        )

    def to_device(self, value: int) -> int:
        """Return what the device is told for a value in the shown range.

        Raises:
            ButtplugDeviceError: It is outside; the message says what and where, but not of which device.
        """
        low, high = self.shown
        if not low <= value <= high:
            raise ButtplugDeviceError(f"value {value} is outside {low}..{high}")
        if self.is_whole:
            return value
        if self.is_position:
            if self.reverse:
                return max(self.highest - value, self.lowest)
        elif value == 0 or self.highest < self.first_level:
            return 0
        elif value < 0:
            return max(value - self.lowest, -self.highest)
        return min(max(self.lowest + value, self.first_level), self.highest)

    @property
    def highest_level(self) -> int:
        """The highest level that the device is told, whichever way: 0 where the limits leave nothing but off."""
        return self.highest if self.highest >= self.first_level else 0

    def clamp_duration(self, duration: int) -> int:
        """Return the nearest allowed duration, in milliseconds."""
        if self.shown_duration is None:
            return duration
        shortest, longest = self.shown_duration
        return min(max(duration, shortest), longest)


def output_ranges(definition: DeviceDefinition, settings: DeviceSettings) -> dict[tuple[int, OutputType], OutputRange]:
    """Return the ranges of all outputs of a device, by feature and type, without the disabled ones.

    Raises:
        ConfigurationError: The user's limits are not inside the device's ranges.
    """
    ranges = {}
    for feature in definition.features:
        for type_, output in feature.outputs.items():
            limits = settings.outputs.get((feature.index, type_), _NO_SETTINGS)
            if type_.is_position and limits.value is None:
                limits = structs.replace(limits, value=_places_of_part(feature, output, settings))
            if not output.disabled and not limits.disabled:
                ranges[feature.index, type_] = OutputRange.of(type_, output, limits)
    return ranges


def _places_of_part(feature: FeatureDefinition, output: OutputDefinition, settings: DeviceSettings) -> Range | None:
    """Return the limits that a user set for the places of a part, for whichever of its two commands; None where none."""
    for type_, other in feature.outputs.items():
        limits = settings.outputs.get((feature.index, type_), _NO_SETTINGS)
        if type_.is_position and limits.value is not None and other.value == output.value:
            return limits.value
    return None


def full_ranges(definition: DeviceDefinition) -> dict[tuple[int, OutputType], Range]:
    """Return the range of each output, in device units, without its user's limits."""
    outputs = [(feature.index, feature.outputs) for feature in definition.features]
    return {(index, type_): output.value for index, types in outputs for type_, output in types.items()}


def pacer_limits(definition: DeviceDefinition, ranges: Mapping[tuple[int, OutputType], OutputRange]) -> Limits:
    """Return what a device may be told, for every output, disabled ones too, since a stop covers them."""
    values = {
        slot_of(feature.index, type_): output.value
        for feature in definition.features
        for type_, output in feature.outputs.items()
    }
    durations = {
        feature.index: output.duration
        for feature in definition.features
        if (output := feature.outputs.get(_TIMED)) is not None and output.duration is not None
    }
    # Of the two kinds of position, the limits of timed moves are the ones that count: a part that knows no halt is moved.
    for (feature, type_), limited in sorted(ranges.items(), key=lambda item: item[0][1] is _TIMED):
        values[slot_of(feature, type_)] = (limited.lowest, limited.highest)
        if limited.shown_duration is not None:
            durations[feature] = limited.shown_duration
    return Limits(values, durations)


def limit_protocol(
    protocol: Protocol, definition: DeviceDefinition, ranges: Mapping[tuple[int, OutputType], OutputRange]
) -> None:
    """Tell a protocol the limits, for the levels, places and times that it makes up itself."""
    places = pacer_limits(definition, ranges).values
    protocol.places = {feature: places_ for (feature, type_), places_ in places.items() if type_.is_position}
    protocol.highest_levels = {at: ranges[at].highest_level if at in ranges else 0 for at in protocol.highest_levels}
    protocol.durations = {
        feature: limited.shown_duration for (feature, _), limited in ranges.items() if limited.shown_duration is not None
    }


def _duration(type: OutputType, definition: Range | None, settings: Range | None) -> Range | None:  # noqa: A002
    if settings is None:
        return definition
    low, high = definition or (0, 0)
    if not low <= settings[0] <= settings[1] <= high:
        raise ConfigurationError(f"the {type} duration limits {settings[0]}..{settings[1]} ms are not inside {low}..{high} ms")
    return settings
