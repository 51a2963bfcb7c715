"""Writes what is set for a device into its entry.

What nobody changed stays as it was, what is not known here included. What is new is written as strictly as the ecosystem's
newest engine wants it, which does not start without ``allow``, ``deny``, ``index`` and ids, or with an unknown key.
"""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import uuid4

from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth.specifier import normalized_uuid
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition, OutputDefinition
from buttplug.server.devices.format import OUTPUT_TYPES
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration.ids import Ids, ids_of
from buttplug.server.devices.user_configuration.pairing import paired

Object: TypeAlias = dict[str, Any]

_NAMES = {type_: name for name, type_ in OUTPUT_TYPES.items()}
_NO_LIMITS = OutputSettings()


def new_entry(key: DeviceKey) -> Object:
    """Return an entry in which nothing is set."""
    identifier: Object = {"protocol": key.protocol, "address": key.address}
    if key.identifier is not None:
        identifier["identifier"] = key.identifier
    return {"identifier": identifier, "config": {"id": str(uuid4())}}


def write_device(
    entry: Object, key: DeviceKey, before: DeviceSettings, settings: DeviceSettings, configuration: DeviceConfiguration
) -> None:
    """Write the settings of a device into its entry; ``before`` are those that the entry has."""
    config = entry.setdefault("config", {})
    config.setdefault("id", str(uuid4()))
    ids = ids_of(configuration, key)
    definition = configuration.definition(key.protocol, key.identifier)
    outputs = {} if definition is None else _outputs(definition)
    changed = [at for at in outputs if _at(before, at) != _at(settings, at)]
    features = _complete(config, ids, {index for index, _ in changed})
    for index, type_ in changed:
        at = index, type_
        _write_output(features[index], _NAMES[type_], outputs[at], _at(settings, at), moves=type_.is_position)
    config.setdefault("base_id", ids.model)
    _write_user_config(config.setdefault("user_config", {}), before, settings, definition)
    for part in (config, *_features(config)):
        for name in ("id", "base_id"):
            if isinstance(part.get(name), str):
                part[name] = normalized_uuid(part[name])


def _outputs(definition: DeviceDefinition) -> dict[tuple[int, OutputType], OutputDefinition]:
    return {(feature.index, type_): output for feature in definition.features for type_, output in feature.outputs.items()}


def _at(settings: DeviceSettings, at: tuple[int, OutputType]) -> OutputSettings:
    return settings.outputs.get(at, _NO_LIMITS)


def _write_user_config(
    user_config: Object, before: DeviceSettings, settings: DeviceSettings, definition: DeviceDefinition | None
) -> None:
    for name in ("allow", "deny"):
        if getattr(before, name) is not getattr(settings, name) or name not in user_config:
            user_config[name] = getattr(settings, name)
    if before.index != settings.index or "index" not in user_config:
        user_config["index"] = settings.index
    if before.display_name != settings.display_name:
        _set(user_config, "display_name", settings.display_name)
    is_new = before == DeviceSettings() and "message_gap_ms" not in user_config
    if before.message_gap != settings.message_gap or is_new:
        gap = settings.message_gap
        if gap is None and definition is not None:
            # Elsewhere a gap that is not there is none at all.
            gap = definition.message_gap
        _set(user_config, "message_gap_ms", None if gap is None else round(gap * 1000))


def _complete(config: Object, ids: Ids, changed: set[int]) -> dict[int, Object]:
    """Return the entry of every feature by its index.

    Elsewhere entries of features have no index, and there must be one for every feature: so it is in a list that was written
    by hand, and in one that needs another feature. Others are left as they are; and one with a fault in it too, since it is by
    their places that the faults are known.
    """
    features: list[Any] = config.setdefault("features", [])
    indexes = paired(features, ids)
    by_index = {
        index: feature
        for feature, index in zip(reversed(features), reversed(indexes), strict=True)
        if index is not None and isinstance(feature, dict)
    }
    if len(by_index) < len(features):
        for index in sorted(changed - by_index.keys()):
            by_index[index] = _with_ids({"index": index}, ids.features[index])
            features.append(by_index[index])
    elif not changed <= by_index.keys() or "base_id" not in config or any("index" in feature for feature in features):
        for index in ids.features:
            by_index[index] = _with_ids(by_index.get(index, {}), ids.features[index])
            by_index[index].pop("index", None)
        config["features"] = [by_index[index] for index in sorted(by_index)]
    return by_index


def _with_ids(feature: Object, base_id: str) -> Object:
    feature.setdefault("id", str(uuid4()))
    feature.setdefault("base_id", base_id)
    return feature


def _features(config: Object) -> list[Object]:
    return [feature for feature in config.get("features", ()) if isinstance(feature, dict)]


def _write_output(feature: Object, name: str, known: OutputDefinition, settings: OutputSettings, *, moves: bool) -> None:
    outputs = feature.get("output")
    outputs = feature["output"] = dict(outputs) if isinstance(outputs, dict) else {}
    output = outputs.get(name)
    output = outputs[name] = dict(output) if isinstance(output, dict) else {}
    _set(output, "value", None if settings.value is None else list(settings.value))
    _set(output, "duration", None if settings.duration is None else list(settings.duration))
    if settings.disabled or "disabled" in output:
        output["disabled"] = settings.disabled
    reverse = known.reverse_position != settings.reverse
    if moves and (settings.reverse or "reverse" in output or "reverse_position" in output):
        # One name in format 4, the other in format 5, where what is not known in an output is passed over.
        output["reverse"] = output["reverse_position"] = reverse
    if not output:
        del outputs[name]
    if not outputs:
        del feature["output"]


def _set(content: Object, key: str, value: object) -> None:
    if value is None:
        content.pop(key, None)
    else:
        content[key] = value
