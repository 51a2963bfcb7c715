"""Reads what is set for a device.

What is wrong with one field costs that field. Where it is not known any more what its user allowed, the device is refused
until the entry is mended; and a device that may not connect may not, whatever else is wrong.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, structs

from buttplug.core.messages import U32
from buttplug.core.text import escaped
from buttplug.core.unreadable import UNREADABLE
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.devices.user_configuration import keys
from buttplug.server.devices.user_configuration.document import RepeatedKeys, is_text, kind
from buttplug.server.devices.user_configuration.ids import ids_of
from buttplug.server.devices.user_configuration.keys import Warn
from buttplug.server.devices.user_configuration.outputs import read_outputs

Value = TypeVar("Value")

#: No name is longer on the wire.
_NAME_LENGTH = 256
_Name = Annotated[str, Meta(max_length=_NAME_LENGTH)]

_SYSTEMS_ADDRESS = re.compile(
    r"PeripheralId\(([0-9A-F]{2}(?::[0-9A-F]{2}){5}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})\)"
    r"|/dev_([0-9A-F]{2}(?:_[0-9A-F]{2}){5})",
    re.IGNORECASE,
)


class ReadDevice(NamedTuple):
    """An entry: what it is for, what it sets, and its place for people."""

    key: DeviceKey
    settings: DeviceSettings
    place: str


def read_device(entry: object, configuration: DeviceConfiguration, place: str, warn: Warn) -> ReadDevice | None:
    """Return what an entry says; None where it does not say of which device."""
    reader = _DeviceReader(configuration, warn)
    if isinstance(entry, dict):
        reader.require(keys.misspelt(entry, keys.DEVICE, place, warn))
        identifier = entry.get("identifier")
        if isinstance(identifier, dict):
            keys.misspelt(identifier, keys.IDENTIFIER, f"{place}.identifier", warn)
            address = identifier.get("address")
            if isinstance(address, str):
                return reader.read(entry, identifier, plain_address(address), place)
    if keys.may_limit(entry):
        return _without_address(entry, configuration, place, warn)
    warn(place, "skipped: it has no address that can be read, so it is for no device")
    return None


def _without_address(entry: object, configuration: DeviceConfiguration, place: str, warn: Warn) -> ReadDevice | None:
    """Have the device not connected that an entry with limits may be for, though it does not say so where that is read."""
    address = next(keys.texts_of(entry, "address"), None)
    if address is not None:
        reason = f"{place}: there are limits, and the address {address} is not where it is read"
        warn(place, f"its device is not connected until this is mended: the address {address} is not where it is read")
        return ReadDevice(DeviceKey("", None, plain_address(address)), DeviceSettings(unusable=reason), place)
    protocol = next(keys.texts_of(entry, "protocol"), "")
    problem = f"there are limits for a device{f' of protocol {protocol}' if protocol else ''}, and it has no address"
    warn(place, f"no such device is connected that has no limits of its own, until this is mended: {problem}")
    configuration.limits_without_address[protocol] = escaped(f"{place}: {problem}")
    return None


def plain_address(text: str) -> str:
    """Return the plain Bluetooth address in an address as the ecosystem writes it on each system; others as they are."""
    found = _SYSTEMS_ADDRESS.search(text)
    return (found[1] or found[2]).replace("_", ":").upper() if found else text


class _DeviceReader:
    """Reads one entry. ``faults`` are those for which it is not known what its user allowed."""

    def __init__(self, configuration: DeviceConfiguration, warn: Warn) -> None:
        self._configuration = configuration
        self._warn = warn
        self._faults: list[str] = []

    def require(self, meant: frozenset[str]) -> None:
        """Note keys that are missing and may be there under another name."""
        self._faults += [f"{key} may be misspelt" for key in sorted(meant)]

    def _require_all_read(self, part: dict[str, object], known: tuple[str, ...]) -> None:
        """Note limits, and who may connect, that stand where they are not read."""
        self._faults += [f"{key} is not where it is read, and it may have limits" for key in keys.unread(part, known)]

    def read(self, entry: dict[str, object], identifier: dict[str, object], address: str, place: str) -> ReadDevice:
        key = self._key(identifier, address, place)
        place = f"{place} ({key.protocol or '-'} {key.identifier or '-'} at {address})"
        for part, known in ((entry, keys.DEVICE), (identifier, keys.IDENTIFIER)):
            if isinstance(part, RepeatedKeys):
                self._faults.append(f"{part.repeated[0]} is given more than once")
            self._require_all_read(part, known)
        config = self._object(entry, "config")
        self.require(keys.misspelt(config, keys.CONFIG, f"{place}.config", self._warn))
        self._require_all_read(config, keys.CONFIG)
        user_config = self._object(config, "user_config")
        self._require_all_read(user_config, keys.USER_CONFIG)
        here = f"{place}.config.user_config"
        self.require(keys.misspelt(user_config, keys.USER_CONFIG, here, self._warn) & {"allow", "deny"})
        gap = self._field(user_config, "message_gap_ms", U32, here)
        settings = DeviceSettings(
            index=self._field(user_config, "index", U32, here),
            display_name=self._field(user_config, "display_name", _Name, here),
            allow=self._mark(user_config, "allow", here),
            deny=self._mark(user_config, "deny", here),
            message_gap=None if gap is None else gap / 1000,
        )
        settings = self._with_outputs(config, key, settings, f"{place}.config.features")
        if self._faults:
            reason = f"{place}: {'; '.join(self._faults)}"
            self._warn(place, f"its device is not connected until this is mended: {'; '.join(self._faults)}")
            settings = structs.replace(settings, unusable=reason)
        return ReadDevice(key, settings, place)

    def _key(self, identifier: dict[str, object], address: str, place: str) -> DeviceKey:
        protocol, model = identifier.get("protocol"), identifier.get("identifier")
        if not isinstance(protocol, str):
            self._faults.append("its protocol cannot be read")
            protocol = ""
        if model is not None and not isinstance(model, str):
            self._warn(f"{place}.identifier.identifier", f"skipped: Expected `str`, got `{type(model).__name__}`")
            model = None
        return DeviceKey(protocol, model, address)

    def _with_outputs(self, config: dict[str, object], key: DeviceKey, settings: DeviceSettings, place: str) -> DeviceSettings:
        features = config.get("features", [])
        definition = self._configuration.definition(key.protocol, key.identifier)
        if not isinstance(features, list):
            self._faults.append("its features cannot be read")
        elif definition is not None:
            gap = None if settings.message_gap == definition.message_gap else settings.message_gap
            outputs, faults = read_outputs(
                features,
                definition,
                ids_of(self._configuration, key),
                is_model=self._configuration.lists(key),
                place=place,
                warn=self._warn,
            )
            self._faults += faults
            return structs.replace(settings, message_gap=gap, outputs=outputs)
        else:
            near = keys.nearest(key.protocol, self._configuration.protocols)
            self._warn(place, f"there is no protocol {key.protocol}" + (f"; did you mean {near}?" if near else ""))
            if any(isinstance(feature, dict) and feature.get("output") for feature in features):
                self._faults.append("its limits cannot be applied, since there is no such protocol")
        return settings

    def _object(self, entry: dict[str, object], key: str) -> dict[str, object]:
        content = entry.get(key, {})
        if not isinstance(content, dict):
            self._faults.append(f"its {key} cannot be read")
            return {}
        if isinstance(content, RepeatedKeys):
            self._faults.append(f"{content.repeated[0]} is given more than once")
        return content

    def _mark(self, content: dict[str, object], key: str, place: str) -> bool:
        """Return ``allow`` or ``deny``. Whatever stands there and is not "no" is meant to keep devices out."""
        value = content.get(key)
        mark = bool(value)
        if value is not None and not isinstance(value, bool):
            self._warn(f"{place}.{key}", f"counts as {'true' if mark else 'false'}: Expected `bool`, got {kind(value)}")
        return mark

    def _field(self, content: dict[str, object], key: str, type_: type[Value], place: str) -> Value | None:
        if key not in content:
            return None
        if not is_text(content[key]):
            self._warn(f"{place}.{key}", "skipped: it has half a surrogate pair, which is no character")
            return None
        try:
            return msgspec.convert(content[key], type_)
        except UNREADABLE as error:
            self._warn(f"{place}.{key}", f"skipped: {error}")
            return None
