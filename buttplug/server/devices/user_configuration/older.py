"""The ecosystem's formats 2 and 3, as far as they can be brought over into format 5.

In format 2 what a device can do is its entry's own, and which of it are limits cannot be told: the outputs of such a device
are disabled until its user sets limits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import OUTPUT_TYPES

Object: TypeAlias = dict[str, Any]

OLDER_FORMATS = (2, 3)

#: Kinds of features of format 3 that have other names now.
_RENAMED = {"rotatewithdirection": "rotate", "positionwithduration": "hw_position_with_duration", "inflate": "constrict"}

#: Keys of specifiers that are spelled with a hyphen there. Others with one are UUIDs.
_HYPHENATED = ("manufacturer-data", "advertised-services", "baud-rate", "data-bits", "stop-bits", "vendor-id", "product-id")

_NAMES = {type_: name for name, type_ in OUTPUT_TYPES.items()}


def brought_over(content: object, configuration: DeviceConfiguration) -> object:
    """Return the content of a file of format 2 or 3 as format 5 has it; any other content as it is."""
    if not isinstance(content, dict) or not isinstance(version := content.get("version"), dict):
        return content
    if version.get("major") not in OLDER_FORMATS:
        return content
    old = content.get("user-configs") or {}
    if not isinstance(old, dict):
        raise ConfigurationError("$.user-configs is no object")
    is_third = version["major"] == 3
    added = old.get("protocols" if is_third else "specifiers") or {}
    devices = old.get("devices") or []
    if not isinstance(added, dict) or not isinstance(devices, list):
        raise ConfigurationError("$.user-configs has another shape than in format 2 or 3")
    return {
        "version": {"major": 5, "minor": configuration.version.minor},
        "user_configs": {
            "protocols": {
                protocol: {"communication": _attempt(_third_communication if is_third else _second_communication, entry)}
                for protocol, entry in added.items()
            },
            "devices": [_attempt(partial(_device, configuration), entry) for entry in devices],
        },
    }


def _attempt(convert: Callable[[Any], object], entry: object) -> object:
    """Convert an entry. One that cannot be is left as it is: it will be told, as any bad entry."""
    try:
        return convert(entry)
    except (AttributeError, KeyError, TypeError, ValueError):
        return entry


def _third_communication(entry: Object) -> list[Object]:
    return [_with_underscores(item) for item in entry.get("communication", ())]


def _second_communication(entry: Object) -> list[Object]:
    items: list[Object] = []
    for bus, content in entry.items():
        if bus == "websocket":
            items += [{bus: {"name": name}} for name in content["names"]]
        else:
            items += [{bus: _with_underscores(item)} for item in (content if isinstance(content, list) else [content])]
    return items


def _with_underscores(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key.replace("-", "_") if key in _HYPHENATED else key: _with_underscores(value) for key, value in content.items()
        }
    return [_with_underscores(item) for item in content] if isinstance(content, list) else content


def _device(configuration: DeviceConfiguration, entry: Object) -> Object:
    config = entry["config"]
    user_config = config.get("user-config", config)
    kept = ("allow", "deny", "index", "display-name")
    features = _limits(config["features"]) if "features" in config else []
    if config.get("messages"):
        features = _all_disabled(entry["identifier"], configuration)
    return {
        "identifier": entry["identifier"],
        "config": {
            "features": features,
            "user_config": {key.replace("-", "_"): user_config[key] for key in kept if key in user_config},
        },
    }


def _limits(features: Any) -> list[Object]:
    """Return the features of an entry of format 3, each with its limit, if it has one.

    Raises:
        AttributeError, KeyError, TypeError: It cannot be known whether they have one.
    """
    if not isinstance(features, list):
        raise TypeError("features is no list")
    limited: list[Object] = []
    for feature in features:
        actuator = feature.get("actuator", {})
        limit = actuator.get("step-limit")
        if limit is None or limit == actuator.get("step-range"):
            limited.append({})
            continue
        word = feature["feature-type"].lower()
        limited.append({"output": {_RENAMED.get(word, word): {"value": limit}}})
    return limited


def _all_disabled(identifier: Object, configuration: DeviceConfiguration) -> list[Object]:
    definition = configuration.definition(identifier["protocol"], identifier.get("identifier"))
    features = sorted(definition.features, key=lambda feature: feature.index) if definition is not None else []
    return [{"output": {_NAMES[type_]: {"disabled": True} for type_ in feature.outputs}} for feature in features]
