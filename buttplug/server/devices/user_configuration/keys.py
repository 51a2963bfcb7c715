"""The keys of each object in a user configuration file; behind an unknown one may be a misspelt limit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import TypeAlias

import msgspec.inspect

from buttplug.hardware.bluetooth.specifier import ManufacturerData
from buttplug.server.devices.format import OUTPUT_TYPES, Communication, Feature, Model, SimulatedEntry

#: Tells of something that is wrong: the place in the file, and what.
Warn: TypeAlias = Callable[[str, str], None]

FILE = ("version", "user_configs")
VERSION = ("major", "minor")
USER_CONFIGS = ("protocols", "devices", "simulated_devices")
PROTOCOL = ("communication", "configurations")
DEVICE = ("identifier", "config")
IDENTIFIER = ("address", "protocol", "identifier")
CONFIG = ("id", "base_id", "features", "user_config")
USER_CONFIG = ("index", "allow", "deny", "display_name", "message_gap_ms")
FEATURE = ("index", "id", "base_id", "description", "output")
OUTPUT = ("value", "duration", "disabled", "reverse", "reverse_position")

#: What an object has in it that says what devices may do.
_LIMITING = frozenset({"output", "allow", "deny"})
_NUMBERED = frozenset({"value", "duration", *OUTPUT_TYPES})

#: What other programs write there too, and what means nothing here.
MEANINGLESS: Mapping[Collection[str], Collection[str]] = {
    FILE: {"$schema"},
    PROTOCOL: {"defaults"},
    CONFIG: {"name"},
    USER_CONFIG: {"vibrate_smoothing_enabled", "vibrate_smoothing_idle_stop_ms"},
    FEATURE: {"input", "feature_settings"},
}
_MEANINGLESS_FIELDS: Mapping[type, Collection[str]] = {
    Feature: {"feature_settings"},
    ManufacturerData: {"expected_length"},
}


def misspelt(entry: Mapping[str, object], known: Collection[str], place: str, warn: Warn) -> frozenset[str]:
    """Warn of unknown keys, and return the known ones that are missing and may be meant."""
    meant = set()
    for key in entry.keys() - set(known) - set(MEANINGLESS.get(known, ())):
        near = nearest(key, known)
        if near is not None and near not in entry:
            meant.add(near)
        warn(place, unknown_key(key, near))
    return frozenset(meant)


def unread(entry: Mapping[str, object], known: Collection[str]) -> list[str]:
    """Return the unknown keys behind which there may be limits, or who may connect."""
    unknown = entry.keys() - set(known) - set(MEANINGLESS.get(known, ()))
    return sorted(key for key in unknown if may_limit({key: entry[key]}))


def may_limit(content: object) -> bool:
    """Return whether there may be limits somewhere inside, or who may connect."""
    if isinstance(content, dict):
        return any(
            (key in _LIMITING and bool(value)) or (key in _NUMBERED and has_number(value)) or may_limit(value)
            for key, value in content.items()
        )
    return isinstance(content, list) and any(map(may_limit, content))


def texts_of(content: object, key: str) -> Iterator[str]:
    """Return every text that stands under a key, anywhere inside."""
    if isinstance(content, dict):
        if isinstance(text := content.get(key), str):
            yield text
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from texts_of(each, key)


def has_number(content: object) -> bool:
    """Return whether there is a number somewhere inside, as in all limits."""
    if isinstance(content, dict):
        return any(map(has_number, content.values()))
    if isinstance(content, list):
        return any(map(has_number, content))
    return isinstance(content, int | float) and not isinstance(content, bool)


def unknown_key(key: str, near: str | None) -> str:
    return f"{key} is ignored: it means nothing here" + (f"; did you mean {near}?" if near else "")


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that is most like another one; None where none is."""
    import difflib

    near = difflib.get_close_matches(word.lower().replace("-", "_"), known, n=1, cutoff=0.6)
    return near[0] if near else None


def unknown_fields(entry: object, kind: type[Communication | Model | SimulatedEntry], place: str) -> Iterator[tuple[str, str]]:
    """Return every key that means nothing in an object of this kind or inside it, with its place."""
    return _unknown(entry, _type_info(kind), place)


_type_info = cache(msgspec.inspect.type_info)


def _unknown(content: object, type_: msgspec.inspect.Type, place: str) -> Iterator[tuple[str, str]]:
    match type_:
        case msgspec.inspect.UnionType():
            for member in type_.types:
                yield from _unknown(content, member, place)
        case msgspec.inspect.StructType() if isinstance(content, dict):
            fields = {field.encode_name: field.type for field in type_.fields}
            for key, value in content.items():
                if key in fields:
                    yield from _unknown(value, fields[key], f"{place}.{key}")
                elif key not in _MEANINGLESS_FIELDS.get(type_.cls, ()):
                    yield place, unknown_key(key, nearest(key, fields))
        case msgspec.inspect.DictType() if isinstance(content, dict):
            for key, value in content.items():
                yield from _unknown(value, type_.value_type, f"{place}.{key}")
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() if isinstance(content, list):
            for number, value in enumerate(content):
                yield from _unknown(value, type_.item_type, f"{place}[{number}]")
