"""Reads the limits of a device's outputs.

A limit that cannot be read, or that fits no output, never leaves an output at full power: it is disabled, with the place of
the fault in the warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from buttplug.core.enums import OutputType
from buttplug.core.messages import Range
from buttplug.core.unreadable import UNREADABLE
from buttplug.server.devices.definition import DeviceDefinition, OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import OUTPUT_TYPES
from buttplug.server.devices.limits import OutputRange
from buttplug.server.devices.settings import OutputSettings
from buttplug.server.devices.user_configuration import keys
from buttplug.server.devices.user_configuration.document import RepeatedKeys, kind
from buttplug.server.devices.user_configuration.ids import Ids
from buttplug.server.devices.user_configuration.keys import Warn
from buttplug.server.devices.user_configuration.pairing import paired

Place: TypeAlias = tuple[int, OutputType]

_DISABLED = OutputSettings(disabled=True)


class _Wanted(NamedTuple):
    """What an entry says of an output. ``reverse`` None: as the definition has it."""

    value: Range | None
    duration: Range | None
    disabled: bool
    reverse: bool | None

    @property
    def limits(self) -> bool:
        return self.value is not None or self.duration is not None or self.disabled or bool(self.reverse)


class _UnreadableError(Exception):
    """An entry cannot be understood; the message has the place and the reason."""


def read_outputs(
    entries: Sequence[object], definition: DeviceDefinition, ids: Ids, *, is_model: bool, place: str, warn: Warn
) -> tuple[dict[Place, OutputSettings], list[str]]:
    """Return the settings of each output, and the faults for which it is not known what is allowed.

    ``is_model`` is whether the entry says which model the device is. Where it does not, limits of outputs that the definition
    lacks are kept: the device may turn out to be a model that has them.
    """
    reader = _Reader(definition, is_model, warn)
    for number, (entry, index) in enumerate(zip(entries, paired(entries, ids), strict=True)):
        reader.read_feature(entry, number, index, f"{place}[{number}]")
    reader.disable_what_may_be_meant()
    return {at: settings for at, settings in reader.settings.items() if settings != OutputSettings()}, reader.faults


class _Reader:
    """Reads feature by feature. ``settings`` has every output that the entry mentions.

    ``faults`` are limits that may be meant for outputs which only other models have.
    """

    def __init__(self, definition: DeviceDefinition, is_model: bool, warn: Warn) -> None:
        self.settings: dict[Place, OutputSettings] = {}
        self.faults: list[str] = []
        self._outputs = {
            (feature.index, type_): output for feature in definition.features for type_, output in feature.outputs.items()
        }
        self._name = definition.name
        self._is_model = is_model
        self._warn = warn
        self._strays: list[tuple[str, int | None, OutputType | None]] = []

    def read_feature(self, entry: object, number: int, index: int | None, place: str) -> None:
        if isinstance(entry, list) and keys.may_limit(entry):
            self.faults.append(f"features[{number}] is a list, and may have the limits of several features")
            return
        if not isinstance(entry, dict) or isinstance(entry, RepeatedKeys):
            self._stray(place, index, None, f"Expected `object`, got {kind(entry)}")
            return
        if "output" in keys.misspelt(entry, keys.FEATURE, place, self._warn):
            self._stray(place, index, None, "its output cannot be read")
        for key in entry.keys() - set(keys.FEATURE) - set(keys.MEANINGLESS[keys.FEATURE]):
            if key in OUTPUT_TYPES or key in keys.OUTPUT or (type(entry[key]) in (dict, list) and keys.has_number(entry[key])):
                self._stray(f"{place}.{key}", index, OUTPUT_TYPES.get(key), "it may be a limit, and does not stand in output")
        output = entry.get("output", {})
        if not isinstance(output, dict) or isinstance(output, RepeatedKeys):
            self._stray(f"{place}.output", index, None, f"Expected `object`, got {kind(output)}")
            return
        # The index that it has in a model which this entry does not name.
        own = entry.get("index", number if index is None else index)
        for name, content in output.items():
            self._read_output(name, content, own if type(own) is int else number, index, f"{place}.output.{name}")

    def disable_what_may_be_meant(self) -> None:
        """Disable what was not mentioned, and may be what a limit that fits nowhere was meant for."""
        mentioned, limited = set(self.settings), {at for at, settings in self.settings.items() if settings != OutputSettings()}
        for place, index, type_ in self._strays:
            meant = [
                at
                for at in self._outputs
                if (at[0] == index and at not in limited) or (at[1] is type_ and at not in mentioned)
            ]
            self.settings.update(dict.fromkeys(meant, _DISABLED))
            if meant:
                names = ", ".join(f"feature {feature} {known}" for feature, known in meant)
                self._warn(place, f"until this is mended {names} of {self._name} is disabled")
            elif not self._is_model and type_ is None:
                self.faults.append(f"it is not known which output {place.rpartition(')')[2].lstrip('.')} is for")

    def _read_output(self, name: str, content: object, own: int, index: int | None, place: str) -> None:
        type_ = OUTPUT_TYPES.get(name)
        at = None if index is None or type_ is None else (index, type_)
        if at in self.settings:
            # One of the two may be meant for another feature.
            self._stray(place, None, type_, "an earlier entry is for this output too")
        if isinstance(content, dict) and (unread := keys.unread(content, keys.OUTPUT)):
            self.faults.append(f"{unread[0]} stands in the {name} of feature {own}, and may have the limits of another output")
        try:
            wanted = self._wanted(content, type_, place)
        except _UnreadableError as error:
            if at not in self._outputs:
                self._stray(place, index, type_, str(error))
                self._keep(own, type_, _DISABLED, place)
                return
            self._warn(place, f"this output is disabled until it is mended: {error}")
            self._set(at, _DISABLED, place)
            return
        if at in self._outputs:
            self._set(at, self._settings(at[1], wanted, self._outputs[at], place), place)
        elif not wanted.limits:
            self._warn(place, f"skipped: {self._name} has no such output there")
        else:
            self._stray(place, index, type_, f"{self._name} has no such output there")
            limits = OutputSettings(wanted.value, wanted.duration, wanted.disabled, bool(wanted.reverse))
            self._keep(own, type_, limits, place)

    def _keep(self, index: int, type_: OutputType | None, settings: OutputSettings, place: str) -> None:
        """Keep what is set for an output that the definition lacks: the device may turn out to be a model that has it."""
        if type_ is not None and not self._is_model:
            self._set((index, type_), settings, place)

    def _stray(self, place: str, index: int | None, type_: OutputType | None, reason: str) -> None:
        self._warn(place, f"skipped: {reason}")
        self._strays.append((place, index, type_))

    def _set(self, at: Place, settings: OutputSettings, place: str) -> None:
        if self.settings.get(at, settings) != settings:
            self._warn(place, "this output is disabled until it is mended: another entry says something else of it")
            settings = _DISABLED
        self.settings[at] = settings

    def _settings(self, type_: OutputType, wanted: _Wanted, definition: OutputDefinition, place: str) -> OutputSettings:
        reverse = wanted.reverse
        if reverse and not type_.is_position:
            self._warn(place, f"reverse is ignored: only positions can be reversed, not {type_}")
        settings = OutputSettings(
            value=wanted.value,
            duration=wanted.duration,
            disabled=wanted.disabled,
            reverse=type_.is_position and reverse is not None and reverse != definition.reverse_position,
        )
        try:
            OutputRange.of(type_, definition, settings)
        except ConfigurationError as error:
            self._warn(place, f"this output is disabled until it is mended: {error}")
            return _DISABLED
        return settings

    def _wanted(self, content: object, type_: OutputType | None, place: str) -> _Wanted:
        if not isinstance(content, dict):
            raise _UnreadableError(f"Expected `object`, got {kind(content)}")
        if isinstance(content, RepeatedKeys):
            raise _UnreadableError(f"{content.repeated[0]} is given more than once")
        if meant := keys.misspelt(content, keys.OUTPUT, place, self._warn):
            raise _UnreadableError(f"{', '.join(sorted(meant))} may be misspelt")
        limits = {"value", "duration"} if type_ is OutputType.POSITION_WITH_DURATION else {"value"}
        unknown = sorted(content.keys() - set(keys.OUTPUT))
        if not limits <= content.keys() and keys.has_number([content[key] for key in unknown]):
            raise _UnreadableError(f"{unknown[0]} may be a limit, and means nothing here")
        reverse, base_reverse = (_flag(content, key) for key in ("reverse", "reverse_position"))
        return _Wanted(
            value=_range(content, "value"),
            duration=_range(content, "duration"),
            disabled=_flag(content, "disabled") or False,
            reverse=base_reverse if reverse is None else reverse or bool(base_reverse),
        )


def _range(content: dict[str, object], key: str) -> Range | None:
    value = content.get(key)
    if isinstance(value, list):
        # Some write 5.0 for 5.
        value = [int(each) if isinstance(each, float) and each.is_integer() else each for each in value]
    converted: Range | None = _converted(value, Range | None, key)
    return converted


def _flag(content: dict[str, object], key: str) -> bool | None:
    converted: bool | None = _converted(content.get(key), bool | None, key)
    return converted


def _converted(value: object, type_: Any, key: str) -> Any:
    try:
        return msgspec.convert(value, type_)
    except UNREADABLE as error:
        raise _UnreadableError(f"{key}: {error}") from None
