"""Reads the user configuration files of the existing ecosystem, formats 4 and 5.

People bring their files from elsewhere, written by programs or by hand. So one bad entry costs that entry, with a warning
that names it, and never the rest; and a device that may not connect may not, whatever else is wrong with its entry.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec
from msgspec import Struct, structs

from buttplug.core.enums import OutputType
from buttplug.core.messages import U32, Range
from buttplug.server.devices.configuration import DeviceConfiguration, check_format
from buttplug.server.devices.definition import DeviceDefinition, OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import OUTPUT_TYPES, Communication, Model, SimulatedEntry, Version
from buttplug.server.devices.limits import OutputRange
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings

logger = logging.getLogger(__name__)

_SIMULATED = "simulated"

_Content = TypeVar("_Content", bound="_Entry")


class _Entry(Struct):
    """An object of the file. ``known`` are the keys that it may have too, and that mean nothing here."""

    known: ClassVar[frozenset[str]] = frozenset()


class _UserConfigs(_Entry):
    protocols: dict[str, object] = {}
    devices: list[object] = []
    simulated_devices: list[object] = []


class _File(_Entry):
    known: ClassVar = frozenset({"$schema"})

    version: Version
    user_configs: _UserConfigs = msgspec.field(default_factory=_UserConfigs)


class _Protocol(_Entry):
    known: ClassVar = frozenset({"defaults"})

    communication: list[object] = []
    configurations: list[object] = []


class _Identifier(_Entry):
    address: str
    protocol: str
    identifier: str | None = None


class _UserConfig(_Entry):
    known: ClassVar = frozenset({"vibrate_smoothing_enabled", "vibrate_smoothing_idle_stop_ms"})

    index: U32 | None = None
    allow: bool = False
    deny: bool = False
    display_name: str | None = None
    message_gap_ms: U32 | None = None


class _Config(_Entry):
    known: ClassVar = frozenset({"id", "base_id", "name"})

    user_config: object = {}
    features: list[object] = []


class _Device(_Entry):
    identifier: _Identifier
    config: object = {}


class _Feature(_Entry):
    known: ClassVar = frozenset({"id", "base_id", "index", "description", "input", "feature_settings"})

    output: dict[str, object] = {}


class _Output(_Entry):
    value: Range | None = None
    duration: Range | None = None
    disabled: bool = False
    reverse: bool = False
    reverse_position: bool = False


class _AnyIdentifier(Struct):
    address: str
    protocol: object = None
    identifier: object = None


class _Permission(Struct):
    allow: object = False
    deny: object = False


class _PermissionConfig(Struct):
    user_config: _Permission


class _PermissionDevice(Struct):
    """The least that must be understood of a device's entry to know whether it may connect."""

    identifier: _AnyIdentifier
    config: _PermissionConfig


def load_user_configuration(path: Path, configuration: DeviceConfiguration) -> None:
    """Add what a user's file says to a configuration.

    Raises:
        ConfigurationError: The file cannot be read, is not JSON, or has another format.
    """
    try:
        content = _without_nulls(msgspec.json.decode(path.read_bytes()))
        file = msgspec.convert(content, _File)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    check_format(path, file.version)
    reader = _Reader(path, configuration)
    for name, protocol in file.user_configs.protocols.items():
        reader.read_protocol(name, protocol)
    for number, device in enumerate(file.user_configs.devices):
        reader.read_device(number, device)
    for number, simulated in enumerate(file.user_configs.simulated_devices):
        reader.read_simulated_device(number, simulated)


class _Reader:
    """Reads entry by entry into a configuration."""

    def __init__(self, path: Path, configuration: DeviceConfiguration) -> None:
        self._path = path
        self._configuration = configuration
        self._keys_by_index: dict[int, DeviceKey] = {}

    def read_protocol(self, protocol: str, entry: object) -> None:
        place = f"$.user_configs.protocols.{protocol}"
        if protocol not in self._configuration.protocols:
            self._warn(place, "skipped: there is no such protocol")
            return
        try:
            content = self._convert(entry, _Protocol, place)
        except msgspec.ValidationError as error:
            self._warn(place, f"skipped: {error}")
            return
        for number, communication in enumerate(content.communication):
            self._read_communication(protocol, communication, f"{place}.communication[{number}]")
        for number, model in enumerate(content.configurations):
            self._read_model(protocol, model, f"{place}.configurations[{number}]")

    def _read_communication(self, protocol: str, entry: object, place: str) -> None:
        try:
            communication = msgspec.convert(entry, Communication)
        except msgspec.ValidationError as error:
            self._warn(place, f"skipped: {error}")
            return
        communication.normalize()
        if problems := list(communication.problems(place)):
            self._warn(place, f"skipped: {'; '.join(problems)}")
            return
        for specifier in communication.specifiers:
            self._configuration.add_specifier(protocol, specifier)

    def _read_model(self, protocol: str, entry: object, place: str) -> None:
        try:
            model = msgspec.convert(entry, Model)
        except msgspec.ValidationError as error:
            self._warn(place, f"skipped: {error}")
            return
        problems = list(model.problems(place))
        if not model.identifier or model.features is None:
            problems.append(f"{place} needs an identifier and features")
        if problems:
            self._warn(place, f"skipped: {'; '.join(problems)}")
        else:
            self._configuration.add_model(protocol, model)

    def read_simulated_device(self, number: int, entry: object) -> None:
        place = f"$.user_configs.simulated_devices[{number}]"
        try:
            device = msgspec.convert(entry, SimulatedEntry)
        except msgspec.ValidationError as error:
            self._warn(place, f"skipped: {error}")
            return
        definition = self._configuration.definition(_SIMULATED, device.identifier)
        if definition is None or definition.identifier is None:
            self._warn(place, f"skipped: there is no simulated device {device.identifier}")
            return
        device = structs.replace(device, address=device.address or f"{_SIMULATED}:{device.identifier}:{number}")
        if device.address in {other.address for other in self._configuration.simulated_devices}:
            self._warn(place, f"skipped: {device.address} is the address of another")
            return
        self._configuration.simulated_devices.append(device)

    def read_device(self, number: int, entry: object) -> None:
        place = f"$.user_configs.devices[{number}]"
        try:
            device = self._convert(entry, _Device, place)
            config = self._convert(device.config, _Config, f"{place}.config")
            user_config = self._convert(config.user_config, _UserConfig, f"{place}.config.user_config")
        except msgspec.ValidationError as error:
            self._keep_permission(entry, place, error)
            return
        identifier = device.identifier
        key = DeviceKey(identifier.protocol, identifier.identifier, _address(identifier.address))
        place = f"{place} ({key.protocol} {key.identifier or '-'} at {key.address})"
        definition = self._configuration.definition(key.protocol, key.identifier)
        if definition is None:
            self._warn(place, "there is no such protocol: limits are not applied")
        gap = user_config.message_gap_ms
        settings = DeviceSettings(
            index=self._free_index(user_config.index, key, place),
            display_name=user_config.display_name,
            allow=user_config.allow,
            deny=user_config.deny,
            message_gap=None if gap is None else gap / 1000,
            outputs=dict(self._outputs(config.features, definition, f"{place}.config.features")) if definition else {},
        )
        self._store(key, settings, place)

    def _keep_permission(self, entry: object, place: str, error: msgspec.ValidationError) -> None:
        """Take from an entry that cannot be used whether its device may connect."""
        try:
            device = msgspec.convert(entry, _PermissionDevice)
        except msgspec.ValidationError:
            self._warn(place, f"skipped: {error}")
            return
        permission = device.config.user_config
        settings = DeviceSettings(allow=permission.allow is True, deny=bool(permission.deny))
        self._warn(place, f"only allow ({settings.allow}) and deny ({settings.deny}) are used: {error}")
        if settings.allow or settings.deny:
            self._store(DeviceKey(str(device.identifier.protocol), None, _address(device.identifier.address)), settings, place)

    def _store(self, key: DeviceKey, settings: DeviceSettings, place: str) -> None:
        earlier = self._configuration.settings.get(key)
        if earlier is not None:
            self._warn(place, "the device has an earlier entry too: this one is used, but denied by either is denied")
            settings = structs.replace(settings, deny=settings.deny or earlier.deny)
        self._configuration.settings[key] = settings

    def _free_index(self, index: int | None, key: DeviceKey, place: str) -> int | None:
        if index is None:
            return None
        owner = self._keys_by_index.setdefault(index, key)
        if owner == key:
            return index
        self._warn(place, f"index {index} is that of {owner.protocol} at {owner.address}: it will have another")
        return None

    def _outputs(
        self, features: Sequence[object], definition: DeviceDefinition, place: str
    ) -> Iterator[tuple[tuple[int, OutputType], OutputSettings]]:
        """Return the settings of each output. Features pair with the model's by position, in the order of their indexes."""
        known = sorted(definition.features, key=lambda feature: feature.index)
        for number, entry in enumerate(features):
            here = f"{place}[{number}]"
            try:
                feature = self._convert(entry, _Feature, here)
            except msgspec.ValidationError as error:
                self._warn(here, f"skipped: {error}")
                continue
            for name, output in feature.output.items():
                type_ = OUTPUT_TYPES.get(name)
                outputs = known[number].outputs if number < len(known) else {}
                if type_ is None or type_ not in outputs:
                    self._warn(f"{here}.output.{name}", f"skipped: {definition.name} has no such output there")
                    continue
                settings = self._output(type_, output, outputs[type_], f"{here}.output.{name}")
                if settings != OutputSettings():
                    yield (known[number].index, type_), settings

    def _output(self, type_: OutputType, entry: object, definition: OutputDefinition, place: str) -> OutputSettings:
        try:
            output = self._convert(entry, _Output, place)
        except msgspec.ValidationError as error:
            self._warn(place, f"skipped: {error}")
            return OutputSettings()
        settings = OutputSettings(
            value=output.value,
            duration=output.duration,
            disabled=output.disabled,
            reverse=type_.is_position and (output.reverse or output.reverse_position) != definition.reverse_position,
        )
        try:
            OutputRange.of(type_, definition, settings)
        except ConfigurationError as error:
            self._warn(place, f"its limits are not used: {error}")
            return structs.replace(settings, value=None, duration=None)
        return settings

    def _convert(self, entry: object, type_: type[_Content], place: str) -> _Content:
        """Convert an object, and warn of keys that nobody knows: behind one may be a misspelt limit.

        Raises:
            msgspec.ValidationError: It does not have the shape.
        """
        content = msgspec.convert(entry, type_)
        if isinstance(entry, dict):
            for key in entry.keys() - {field.encode_name for field in structs.fields(type_)} - type_.known:
                self._warn(place, f"{key} is ignored: it means nothing here")
        return content

    def _warn(self, place: str, problem: str) -> None:
        logger.warning("%s: %s: %s", self._path, place, problem)


def _without_nulls(content: object) -> object:
    """Return the content with null meaning absent everywhere: programs write it where others refuse it."""
    if isinstance(content, dict):
        return {key: _without_nulls(value) for key, value in content.items() if value is not None}
    if isinstance(content, list):
        return [_without_nulls(value) for value in content]
    return content


def _address(text: str) -> str:
    """Return the plain Bluetooth address in an address as the ecosystem writes it on each system; others as they are."""
    found = re.search(
        r"PeripheralId\(([0-9A-F]{2}(?::[0-9A-F]{2}){5}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})\)"
        r"|/dev_([0-9A-F]{2}(?:_[0-9A-F]{2}){5})",
        text,
        re.IGNORECASE,
    )
    return (found[1] or found[2]).replace("_", ":").upper() if found else text
