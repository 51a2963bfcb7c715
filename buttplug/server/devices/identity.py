"""Which model a found device is, and which of its user's settings are for it.

Its address and its protocol are certain. What it identifies itself as is not: a toy that does not answer is taken for its
protocol's default, another has a new name. So settings are found by address and protocol, and a device that identifies itself
differently than before keeps its limits; where they cannot be applied to what it is now, it is refused: better not connected
than driven past what its user allowed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.core.log import logger_of
from buttplug.hardware.common.addresses import folded_address
from buttplug.server.devices.definition import DeviceDefinition, OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import SIMULATED
from buttplug.server.devices.limits import OutputRange, output_ranges
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings

if TYPE_CHECKING:
    from buttplug.server.devices.configuration import DeviceConfiguration

logger: logging.Logger = logger_of(__name__)


class Identity(NamedTuple):
    """What a device is taken for. ``key`` is the one that its settings are, or will be, stored under."""

    key: DeviceKey
    definition: DeviceDefinition
    settings: DeviceSettings


def identify(configuration: DeviceConfiguration, found: DeviceKey, seen: DeviceKey | None = None) -> Identity:
    """Return what a device is and which settings it has.

    ``found`` is how it identified itself now, ``seen`` how it did when it last named its model, since the server started.

    Raises:
        ConfigurationError: Its limits cannot be known, or do not fit what it says it is. The message names the entries and
            what to do.
    """
    address = folded_address(found.address)
    here = {key: each for key, each in configuration.settings.items() if folded_address(key.address) == address}
    for key, settings in here.items():
        if settings.unusable is not None:
            raise ConfigurationError(f"its settings cannot be read ({key}), so it is not driven: {settings.unusable}")
    without_address = next(filter(None, map(configuration.limits_without_address.get, (found.protocol, ""))), None)
    if without_address is not None and not any(settings.outputs for settings in here.values()):
        raise ConfigurationError(f"they may be its limits: {without_address}")
    same = {key: settings for key, settings in here.items() if key.protocol == found.protocol}
    key = _model_of(configuration, found, same, seen)
    key = next((known for known in same if known.identifier == key.identifier), key)
    for identifier in (found.identifier, key.identifier):
        if (place := configuration.unreadable_models.get((key.protocol, identifier))) is not None:
            raise ConfigurationError(f"what is said of {identifier} at {place} cannot be read, so it is not driven")
    definition = configuration.definition(key.protocol, key.identifier)
    if definition is None:
        raise ConfigurationError(f"there is no protocol {key.protocol}")
    own = same.get(key)
    if own is None or not own.outputs:
        own = _with_limits_of_others(configuration, key, definition, own, here)
    else:
        own = _completed(configuration, key, definition, own, same)
    if own.display_name is None:
        own = structs.replace(own, display_name=_simulated_name(configuration, key))
    return Identity(key, definition, own)


def current_settings(configuration: DeviceConfiguration, key: DeviceKey, definition: DeviceDefinition) -> DeviceSettings:
    """Return the settings of a device that is connected, after a change.

    Raises:
        ConfigurationError: It may not be connected any more.
    """
    refusal = configuration.allows(key.address)
    if refusal is not None:
        raise ConfigurationError(refusal)
    identity = identify(configuration, key)
    if identity.definition.identifier != definition.identifier:
        raise ConfigurationError(f"it is {identity.definition.name} by its new settings, and has to connect again as such")
    for feature in definition.features:
        for type_, output in feature.outputs.items():
            if _output(identity.definition, feature.index, type_) != output:
                raise ConfigurationError(
                    f"its model was changed (feature {feature.index} {type_}), and it has to connect again as such"
                )
    output_ranges(definition, identity.settings)
    return identity.settings


def warn_of_limits_elsewhere(configuration: DeviceConfiguration, found: DeviceKey) -> None:
    """Warn where nothing is set for a device, and limits are set for such a device at another address."""
    address = folded_address(found.address)
    if any(folded_address(key.address) == address for key in configuration.settings):
        return
    others = [
        key
        for key, settings in configuration.settings.items()
        if settings.outputs and key.protocol == found.protocol and key.identifier in (found.identifier, None)
    ]
    if others:
        logger.warning("No limits are set for %s; those that are set are for %s", found, _names(others))


def _simulated_name(configuration: DeviceConfiguration, key: DeviceKey) -> str | None:
    """Return the name that a simulated device was given where it is listed."""
    address = folded_address(key.address) if key.protocol == SIMULATED else None
    names = (each.display_name for each in configuration.simulated_devices if folded_address(each.address) == address)
    return next(names, None)


def _model_of(
    configuration: DeviceConfiguration, found: DeviceKey, same: Mapping[DeviceKey, DeviceSettings], seen: DeviceKey | None
) -> DeviceKey:
    """Return ``found``, or where that names no model, the one that this device is known to be."""
    if configuration.lists(found):
        return found
    if seen is not None:
        return seen
    if found.identifier is not None and any(key.identifier == found.identifier for key in same):
        return found
    named = [key for key in same if configuration.lists(key)]
    if len(named) > 1 and any(settings.outputs for settings in same.values()):
        raise ConfigurationError(
            f"it does not say which model it is, and there are limits for several: {_names(named)}; "
            "remove the wrong ones from the user configuration, or switch it off and on, so that it answers"
        )
    return next(iter(named), found)


def _with_limits_of_others(
    configuration: DeviceConfiguration,
    key: DeviceKey,
    definition: DeviceDefinition,
    own: DeviceSettings | None,
    here: Mapping[DeviceKey, DeviceSettings],
) -> DeviceSettings:
    """Return the settings of a device that has no limits under its own key: with those from other keys at its address.

    Raises:
        ConfigurationError: They cannot be applied to this model.
    """
    limited = {other: settings for other, settings in here.items() if settings.outputs}
    carried = [_carry_over(configuration, other, settings, key, definition) for other, settings in limited.items()]
    if any(outputs != carried[0] for outputs in carried):
        raise ConfigurationError(
            f"it is {definition.name} ({key}), and several entries limit it, each in its own way: {_names(limited)}; "
            "remove all but one from the user configuration"
        )
    same = [settings for other, settings in here.items() if other.protocol == key.protocol]
    base = own if own is not None else next(iter(same), DeviceSettings())
    return structs.replace(base, outputs=carried[0]) if carried else base


def _completed(
    configuration: DeviceConfiguration,
    key: DeviceKey,
    definition: DeviceDefinition,
    own: DeviceSettings,
    same: Mapping[DeviceKey, DeviceSettings],
) -> DeviceSettings:
    """Return the settings of a device, with the limits that only other entries for it have.

    Raises:
        ConfigurationError: They are not inside the ranges of this model.
    """
    outputs = dict(own.outputs)
    for other, settings in same.items():
        theirs = configuration.definition(other.protocol, other.identifier)
        for feature in definition.features:
            for type_, output in feature.outputs.items():
                at = feature.index, type_
                setting = settings.outputs.get(at)
                if setting is None or at in own.outputs:
                    continue
                known = _output(theirs, *at)
                if setting.disabled or known is None or _same_scale(known, output):
                    OutputRange.of(type_, output, setting)
                    outputs[at] = outputs.get(at, setting).narrowed_to(setting)
    return structs.replace(own, outputs=outputs)


def _carry_over(
    configuration: DeviceConfiguration,
    other: DeviceKey,
    settings: DeviceSettings,
    key: DeviceKey,
    definition: DeviceDefinition,
) -> Mapping[tuple[int, OutputType], OutputSettings]:
    """Return the limits of another key at the same address, for this model."""
    theirs = configuration.definition(other.protocol, other.identifier) if other.protocol == key.protocol else None
    limits = {}
    for feature in definition.features:
        for type_, output in feature.outputs.items():
            setting = settings.outputs.get((feature.index, type_)) if other.protocol == key.protocol else None
            known = _output(theirs, feature.index, type_)
            # An entry without a known model may limit outputs that the default model does not have.
            decided = (known is not None and _same_scale(known, output)) or (
                setting is not None and (setting.disabled or known is None)
            )
            if not decided and not output.disabled:
                raise ConfigurationError(
                    f"it says that it is {definition.name} ({key}), but its limits are for {_model(theirs, other)}, and say "
                    f"nothing of feature {feature.index} {type_}: give it limits of its own in the user configuration (the "
                    "whole range is a limit too), or remove that entry"
                )
            if setting is not None:
                OutputRange.of(type_, output, setting)
                limits[feature.index, type_] = setting
    return limits


def _output(definition: DeviceDefinition | None, index: int, type_: OutputType) -> OutputDefinition | None:
    features = definition.features if definition is not None else ()
    return next((feature.outputs.get(type_) for feature in features if feature.index == index), None)


def _same_scale(one: OutputDefinition, other: OutputDefinition) -> bool:
    return (one.value, one.duration) == (other.value, other.duration)


def _model(definition: DeviceDefinition | None, key: DeviceKey) -> str:
    return f"{key}" if definition is None else f"{definition.name} ({key})"


def _names(keys: Iterable[DeviceKey]) -> str:
    return "; ".join(map(str, keys))
