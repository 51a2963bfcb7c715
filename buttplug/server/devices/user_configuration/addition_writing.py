"""Writes specifiers, models and simulated devices that users added, and leaves out those that they took back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from buttplug.core.log import logger_of
from buttplug.hardware.bluetooth.specifier import normalized_uuid
from buttplug.hardware.registry import SPECIFIERS
from buttplug.hardware.specifier import Specifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.format import Model, SimulatedEntry
from buttplug.server.devices.settings import DeviceKey
from buttplug.server.devices.user_configuration.additions import ProtocolEntries
from buttplug.server.devices.user_configuration.ids import ids_of

logger: logging.Logger = logger_of(__name__)

Object: TypeAlias = dict[str, Any]

_KEYS = {kind: key for key, kind in SPECIFIERS.items()}


def written_protocols(entries: dict[str, ProtocolEntries], before: Object, configuration: DeviceConfiguration) -> Object:
    """Return ``protocols``. ``before`` is what the file has; ``entries``, what was read of it, is brought up to date."""
    for protocol, _ in configuration.added_specifiers:
        entries.setdefault(protocol, ProtocolEntries({}))
    for protocol, _ in configuration.added_models:
        entries.setdefault(protocol, ProtocolEntries({}))
    written = dict(before)
    for protocol, entry in entries.items():
        if entry.content is None:
            # Nothing can be read of it, and nothing was added since: there is no such protocol.
            continue
        _update_communication(entry, protocol, configuration)
        _update_configurations(entry, protocol, configuration)
        content = written[protocol] = dict(entry.content)
        for key, items in (("communication", entry.communication), ("configurations", entry.configurations)):
            if items or key in content:
                content[key] = [item for item, _ in items]
    return written


def written_simulated_devices(
    entries: list[tuple[object, SimulatedEntry | None]], configuration: DeviceConfiguration
) -> list[tuple[object, SimulatedEntry | None]]:
    """Return ``simulated_devices``, each with what it is read as."""
    left = list(configuration.simulated_devices)
    written: list[tuple[object, SimulatedEntry | None]] = []
    for content, device in entries:
        if device is None:
            written.append((content, None))
        elif device in left:
            left.remove(device)
            assert isinstance(content, dict)
            written.append(({**content, "address": device.address}, device))
    return written + [(_filled(msgspec.to_builtins(device)), device) for device in left]


def _update_communication(entry: ProtocolEntries, protocol: str, configuration: DeviceConfiguration) -> None:
    left = [specifier for known, specifier in configuration.added_specifiers if known == protocol]
    updated: list[tuple[object, tuple[Specifier, ...] | None]] = []
    for content, specifiers in entry.communication:
        if specifiers is None:
            updated.append((content, None))
            continue
        kept = tuple(specifier for specifier in specifiers if specifier in left)
        for specifier in kept:
            left.remove(specifier)
        if kept or not specifiers:
            updated.append((_strict(content, specifiers, kept), kept))
    updated += [(_strict({}, (), (specifier,)), (specifier,)) for specifier in left]
    entry.communication = updated


def _strict(content: object, specifiers: Sequence[Specifier], kept: Sequence[Specifier]) -> Object:
    """Return an item of ``communication`` with all fields that the ecosystem's programs require."""
    assert isinstance(content, dict)
    item = {key: value for key, value in content.items() if key not in {_KEYS[type(specifier)] for specifier in specifiers}}
    for specifier in kept:
        key = _KEYS[type(specifier)]
        item[key] = _with_usual_uuids({**_filled(msgspec.to_builtins(specifier)), **content.get(key, {})})
    return item


def _update_configurations(entry: ProtocolEntries, protocol: str, configuration: DeviceConfiguration) -> None:
    left = [model for known, model in configuration.added_models if known == protocol]
    updated: list[tuple[object, Model | None]] = []
    for content, model in entry.configurations:
        if model is None:
            updated.append((content, None))
        elif model in left:
            left.remove(model)
            assert isinstance(content, dict)
            updated.append((_with_ids(content, protocol, model, configuration), model))
    for model in left:
        content = _filled(msgspec.to_builtins(model))
        if content.pop("message_gap_ms", None) is not None:
            logger.warning("The message gap of the model %s cannot be saved: set it for the device", model.name)
        updated.append((_with_ids(content, protocol, model, configuration), model))
    entry.configurations = updated


def _with_ids(content: Object, protocol: str, model: Model, configuration: DeviceConfiguration) -> Object:
    ids = ids_of(configuration, DeviceKey(protocol, model.identifier[0], ""))
    features = [
        {**feature, "id": normalized_uuid(feature.get("id", ids.features[feature["index"]]))}
        for feature in content["features"]
    ]
    return {**content, "id": normalized_uuid(content.get("id", ids.model)), "features": features}


def _filled(content: Any) -> Any:
    """Return the content without what is empty: elsewhere that is an error, or the same as if it were not there."""
    if isinstance(content, dict):
        filled = {key: _filled(value) for key, value in content.items()}
        return {key: value for key, value in filled.items() if value is not None and value not in ([], {}, "")}
    if isinstance(content, list | tuple):
        return [_filled(value) for value in content]
    return content


def _with_usual_uuids(content: Any) -> Any:
    """Return the content with UUIDs, as values and as keys, in lower case with hyphens."""
    if isinstance(content, dict):
        return {normalized_uuid(key): _with_usual_uuids(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_with_usual_uuids(value) for value in content]
    return normalized_uuid(content) if isinstance(content, str) else content
