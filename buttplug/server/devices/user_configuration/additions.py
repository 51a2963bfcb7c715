"""Reads what users add to the devices that exist: specifiers, models, simulated devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from buttplug.core.text import escaped
from buttplug.core.unreadable import UNREADABLE
from buttplug.hardware.specifier import Specifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import InputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import Communication, InputName, Model, SimulatedEntry
from buttplug.server.devices.user_configuration import keys
from buttplug.server.devices.user_configuration.document import RepeatedKeys, is_text, kind, repeated_keys
from buttplug.server.devices.user_configuration.keys import Warn

Kind = TypeVar("Kind", Communication, Model, SimulatedEntry)


@dataclass
class ProtocolEntries:
    """The entry of a protocol, with what was read of each of its entries; None where one cannot be read.

    ``content`` is None where nothing of it can be read.
    """

    content: dict[str, object] | None
    communication: list[tuple[object, tuple[Specifier, ...] | None]] = field(default_factory=list)
    configurations: list[tuple[object, Model | None]] = field(default_factory=list)


class AdditionReader:
    """Reads entry by entry into a configuration. A bad one costs itself only, with a warning that names its place."""

    def __init__(self, configuration: DeviceConfiguration, warn: Warn) -> None:
        self._configuration = configuration
        self._warn = warn

    def read_protocols(self, content: dict[str, object], place: str) -> dict[str, ProtocolEntries]:
        """Read ``protocols``: specifiers and models by the protocol's name."""
        return {name: self._read_protocol(name, entry, f"{place}.{name}") for name, entry in content.items()}

    def read_simulated_devices(self, content: list[object], place: str) -> list[tuple[object, SimulatedEntry | None]]:
        """Read ``simulated_devices``."""
        return [(entry, self._read_simulated_device(entry, f"{place}[{number}]")) for number, entry in enumerate(content)]

    def _read_protocol(self, protocol: str, content: object, place: str) -> ProtocolEntries:
        if protocol not in self._configuration.protocols:
            near = keys.nearest(protocol, self._configuration.protocols)
            self._warn(place, "skipped: there is no such protocol" + (f"; did you mean {near}?" if near else ""))
            return ProtocolEntries(None)
        if not isinstance(content, dict) or isinstance(content, RepeatedKeys):
            self._warn(place, f"skipped: Expected `object`, got {kind(content)}")
            return ProtocolEntries(None)
        keys.misspelt(content, keys.PROTOCOL, place, self._warn)
        lists = []
        for key in keys.PROTOCOL:
            entries = content.get(key, [])
            if not isinstance(entries, list):
                self._warn(f"{place}.{key}", f"skipped: Expected `array`, got {kind(entries)}")
                return ProtocolEntries(None)
            lists.append([(entry, f"{place}.{key}[{number}]") for number, entry in enumerate(entries)])
        communication, configurations = lists
        return ProtocolEntries(
            content,
            [(entry, self._read_communication(protocol, entry, here)) for entry, here in communication],
            [(entry, self._read_model_or_refuse_it(protocol, entry, here)) for entry, here in configurations],
        )

    def _read_communication(self, protocol: str, entry: object, place: str) -> tuple[Specifier, ...] | None:
        communication = self._convert(entry, Communication, place)
        if communication is None:
            return None
        communication.normalize()
        if problems := list(communication.problems(place)):
            self._warn(place, f"skipped: {'; '.join(problems)}")
            return None
        specifiers = tuple(communication.specifiers)
        for specifier in specifiers:
            self._configuration.add_specifier(protocol, specifier)
        return specifiers

    def _read_model_or_refuse_it(self, protocol: str, entry: object, place: str) -> Model | None:
        """Read a model. Of one that cannot be read no device is driven: the bundled model of that name may do more."""
        model = self._read_model(protocol, entry, place)
        if model is None:
            for identifier in _identifiers(entry):
                self._warn(place, f"no device of protocol {protocol} that is a {identifier} is connected until this is mended")
                self._configuration.unreadable_models[protocol, identifier] = escaped(place)
        return model

    def _read_model(self, protocol: str, entry: object, place: str) -> Model | None:
        model = self._convert(self._with_readable_inputs(entry, place), Model, place)
        if model is None:
            return None
        problems = list(model.problems(place))
        if not model.identifier or model.features is None:
            problems.append(f"{place} needs an identifier and features")
        if problems:
            self._warn(place, f"skipped: {'; '.join(problems)}")
            return None
        self._configuration.add_model(protocol, model)
        return model

    def _with_readable_inputs(self, entry: object, place: str) -> object:
        """Return the entry of a model without the sensors that cannot be read: other programs know more kinds of them."""
        features = entry.get("features") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(features, list) or any(repeated_keys(entry, place)):
            return entry
        read = [self._with_own_readable_inputs(each, f"{place}.features[{number}]") for number, each in enumerate(features)]
        return {**entry, "features": read}

    def _with_own_readable_inputs(self, feature: object, place: str) -> object:
        if not isinstance(feature, dict) or not isinstance(inputs := feature.get("input"), dict):
            return feature
        readable = {}
        for name, content in inputs.items():
            written = _with_capital_commands(content)
            try:
                msgspec.convert({name: written}, dict[InputName, InputDefinition])
            except UNREADABLE as error:
                self._warn(f"{place}.input.{name}", f"this sensor is left out: {error}")
            else:
                readable[name] = written
        return {**feature, "input": readable}

    def _read_simulated_device(self, entry: object, place: str) -> SimulatedEntry | None:
        device = self._convert(entry, SimulatedEntry, place)
        if device is None:
            return None
        try:
            return self._configuration.add_simulated_device(device.identifier, device.display_name, device.address)
        except ConfigurationError as error:
            self._warn(place, f"skipped: {error}")
            return None

    def _convert(self, entry: object, kind_: type[Kind], place: str) -> Kind | None:
        for repeated in repeated_keys(entry, place):
            self._warn(place, f"skipped: {repeated}")
            return None
        if not is_text(entry):
            self._warn(place, "skipped: it has half a surrogate pair, which is no character")
            return None
        for here, problem in keys.unknown_fields(entry, kind_, place):
            self._warn(here, problem)
        try:
            return msgspec.convert(entry, kind_)
        except UNREADABLE as error:
            self._warn(place, f"skipped: {error}")
            return None


def _identifiers(entry: object) -> list[str]:
    """Return the identifiers in the entry of a model, as far as they can be read."""
    found = entry.get("identifier") if isinstance(entry, dict) else None
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str) and is_text(each)]


def _with_capital_commands(content: object) -> object:
    """Return the entry of a sensor with its commands as they are on the wire: some write ``read`` for ``Read``."""
    if not isinstance(content, dict) or not isinstance(commands := content.get("command"), list):
        return content
    return {**content, "command": [each.capitalize() if isinstance(each, str) else each for each in commands]}
