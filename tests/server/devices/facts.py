"""The facts of one protocol, one by one, from a fact sheet in YAML and from a file of ``device-config``.

Both are read into the same shape: the path of a fact, such as ``models/LVS-1/features/0/vibrate/range``, and its value. What
means nothing is not in it: the order of names, and how often a name is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct

from buttplug.server.devices.format import Feature, Model, ProtocolFile

Facts: TypeAlias = dict[str, object]


class _SheetModel(Struct, forbid_unknown_fields=True):
    name: str
    identifiers: list[str] = []
    message_gap_ms: int | None = None
    protocol_variant: str | None = None
    features: list[dict[str, object]] | None = None


class _Sheet(Struct, forbid_unknown_fields=True):
    protocol: str
    transports: list[dict[str, dict[str, object]]]
    default: _SheetModel
    models: list[_SheetModel] = []


def of_sheet(path: Path) -> Facts:
    """Read a fact sheet. Of two models with one identifier the later counts; the earlier is there as ``shadowed``.

    Raises:
        msgspec.ValidationError: It has a key that is not known here, so that something would be left out.
    """
    sheet = msgspec.yaml.decode(path.read_bytes(), type=_Sheet)
    facts = dict(_communication(sheet.transports)) | dict(_sheet_model("default", sheet.default))
    for model in sheet.models:
        for identifier in model.identifiers:
            place = f"models/{identifier}"
            earlier = {field: facts.pop(field) for field in [field for field in facts if field.startswith(f"{place}/")]}
            facts |= _sheet_model(place, model)
            if not earlier.items() <= facts.items():
                facts[f"shadowed/{identifier}"] = earlier[f"{place}/name"]
    return facts


def of_file(path: Path) -> Facts:
    """Read a file of ``device-config``, as the server does."""
    content = path.read_bytes()
    file = msgspec.json.decode(content, type=ProtocolFile)
    communication = msgspec.json.decode(content, type=dict[str, msgspec.Raw])["communication"]
    facts = dict(_communication(msgspec.json.decode(communication, type=list[dict[str, dict[str, object]]])))
    facts |= _file_model("default", file.defaults)
    for model in file.configurations:
        for identifier in model.identifier:
            facts |= _file_model(f"models/{identifier}", model)
    return facts


def _communication(entries: list[dict[str, dict[str, object]]]) -> Iterator[tuple[str, object]]:
    """Return what devices are found by. Both sources have it in the same shape."""
    for entry in entries:
        for bus, content in entry.items():
            for field, value in content.items():
                place = f"{bus}/{field}"
                if field == "services":
                    for service, endpoints in msgspec.convert(value, dict[str, dict[str, str]]).items():
                        yield from ((f"{place}/{service}/{endpoint}", uuid) for endpoint, uuid in endpoints.items())
                else:
                    yield place, _without_order(value)


def _without_order(value: object) -> object:
    if isinstance(value, list):
        return frozenset(_without_order(each) for each in value)
    if isinstance(value, dict):
        return frozenset((key, tuple(each) if isinstance(each, list) else each) for key, each in value.items())
    return value


def _sheet_model(place: str, model: _SheetModel) -> Facts:
    facts = _head(place, model.name, model.message_gap_ms, model.protocol_variant)
    for feature in model.features or ():
        here = f"{place}/features/{feature['index']}"
        facts[here] = True
        for key, value in feature.items():
            if key == "description":
                facts[f"{here}/{key}"] = value
            elif isinstance(value, dict):
                for field, content in value.items():
                    facts[f"{here}/{key}/{field}"] = tuple(content)
            elif isinstance(value, list):
                facts[f"{here}/{key}/range"] = tuple(value)
            elif key != "index":
                facts[f"{here}/{key}"] = value
    return facts


def _file_model(place: str, model: Model) -> Facts:
    facts = _head(place, model.name, model.message_gap_ms, model.protocol_variant)
    for feature in model.features or ():
        facts |= _file_feature(f"{place}/features/{feature.index}", feature)
    return facts


def _file_feature(place: str, feature: Feature) -> Facts:
    facts: Facts = {place: True}
    if feature.description:
        facts[f"{place}/description"] = feature.description
    for name, output in feature.output.items():
        facts[f"{place}/{name}/range"] = output.value
        if output.duration is not None:
            facts[f"{place}/{name}/duration_ms"] = output.duration
        if output.disabled or output.reverse_position:
            facts[f"{place}/{name}/flags"] = (output.disabled, output.reverse_position)
    for input_name, input_ in feature.input.items():
        channel = input_.value[0] if len(input_.value) == 1 else input_.value
        facts[f"{place}/input_{input_name}/range"] = channel
        facts[f"{place}/input_{input_name}/can"] = tuple(command.lower() for command in input_.command)
    return facts


def _head(place: str, name: str, message_gap_ms: int | None, variant: str | None) -> Facts:
    values = {"name": name, "message_gap_ms": message_gap_ms, "protocol_variant": variant}
    return {f"{place}/{field}": value for field, value in values.items() if value is not None}
