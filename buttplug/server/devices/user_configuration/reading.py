"""Reads a user configuration file into a configuration, entry by entry.

People bring their files from elsewhere, written by programs or by hand. So one bad entry costs that entry, with a warning
that names its place, and never the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.core.unreadable import UNREADABLE
from buttplug.hardware.common.addresses import folded_address
from buttplug.server.devices.base_files import check_format
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import SimulatedEntry, Version
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.devices.user_configuration import keys
from buttplug.server.devices.user_configuration.additions import AdditionReader, ProtocolEntries
from buttplug.server.devices.user_configuration.devices import read_device
from buttplug.server.devices.user_configuration.document import RepeatedKeys, kind
from buttplug.server.devices.user_configuration.merging import merged
from buttplug.server.devices.user_configuration.older import OLDER_FORMATS

logger: logging.Logger = logger_of(__name__)


@dataclass
class DeviceEntry:
    """An entry of ``devices``.

    ``key`` is None where it cannot be read; then it stays in the file as it is. ``own`` is what it says, ``settings`` what it
    and earlier ones for the same device say together.
    """

    content: object
    key: DeviceKey | None = None
    own: DeviceSettings = field(default_factory=DeviceSettings)
    settings: DeviceSettings = field(default_factory=DeviceSettings)


@dataclass
class Entries:
    """All entries of a file, with what was read of each."""

    devices: list[DeviceEntry] = field(default_factory=list)
    protocols: dict[str, ProtocolEntries] = field(default_factory=dict)
    simulated_devices: list[tuple[object, SimulatedEntry | None]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """What was read: "2 devices, 3 limits"."""
        protocols = self.protocols.values()
        devices = {entry.key: entry.settings for entry in self.devices if entry.key is not None}
        counts = {
            "device": len(devices),
            "limit": sum(len(settings.outputs) for settings in devices.values()),
            "specifier": sum(read is not None for each in protocols for _, read in each.communication),
            "model": sum(read is not None for each in protocols for _, read in each.configurations),
            "simulated device": sum(read is not None for _, read in self.simulated_devices),
        }
        always = ("device", "limit")
        return ", ".join(
            f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count or what in always
        )


def read(path: Path, content: object, configuration: DeviceConfiguration) -> Entries:
    """Add what a file has in it to a configuration.

    Raises:
        ConfigurationError: It is no user configuration, or has another format.
    """
    return _Reader(path, configuration).read(content)


class _Versioned(Struct):
    version: Version


class _Reader:
    def __init__(self, path: Path, configuration: DeviceConfiguration) -> None:
        self._path = path
        self._configuration = configuration
        self._entries = Entries()
        self._by_key: dict[tuple[tuple[str, str], str | None], DeviceEntry] = {}
        self._owners: dict[int, DeviceKey] = {}

    def read(self, content: object) -> Entries:
        file = self._object(content, "$")
        try:
            # Nothing else is converted here: what is odd about another key costs that key, not the file.
            version = msgspec.convert({key: file[key] for key in ("version",) if key in file}, _Versioned).version
        except UNREADABLE as error:
            raise ConfigurationError(f"{self._path}: {error}") from error
        if version.major in OLDER_FORMATS:
            raise ConfigurationError(
                f"{self._path}: $.version.major is {version.major}, which is not read; to make a file of format 5 of it: "
                f"--import-central {self._path} --user-device-config-file NEW"
            )
        check_format(self._path, version)
        user_configs = self._object(file.get("user_configs", {}), "$.user_configs")
        self._check_keys(file, keys.FILE, "$")
        self._check_keys(self._object(file["version"], "$.version"), keys.VERSION, "$.version")
        self._check_keys(user_configs, keys.USER_CONFIGS, "$.user_configs")
        protocols = self._object(user_configs.get("protocols", {}), "$.user_configs.protocols")
        others = {name: entry for name, entry in protocols.items() if not self._may_be_protocol(name, entry)}
        self._distrust(keys.unread(others, ()), "$.user_configs.protocols")
        simulated = self._list(user_configs, "simulated_devices")
        lost = [f"entry {number}" for number, entry in enumerate(simulated) if keys.may_limit(entry)]
        self._distrust(lost, "$.user_configs.simulated_devices")
        devices = self._list(user_configs, "devices")
        # From here on nothing costs the whole file.
        additions = AdditionReader(self._configuration, self._warn)
        self._entries.protocols = additions.read_protocols(protocols, "$.user_configs.protocols")
        self._entries.simulated_devices = additions.read_simulated_devices(simulated, "$.user_configs.simulated_devices")
        for number, device in enumerate(devices):
            self._entries.devices.append(self._read_device(device, f"$.user_configs.devices[{number}]"))
        return self._entries

    def _check_keys(self, content: dict[str, object], known: tuple[str, ...], place: str) -> None:
        keys.misspelt(content, known, place, self._warn)
        self._distrust(keys.unread(content, known), place)

    def _may_be_protocol(self, name: str, entry: object) -> bool:
        known = name in self._configuration.protocols
        own = {*keys.PROTOCOL, *keys.MEANINGLESS[keys.PROTOCOL]}
        return known or (isinstance(entry, dict) and not entry.keys().isdisjoint(own))

    def _distrust(self, unread: Iterable[str], place: str) -> None:
        """Have no device driven where limits may be lost with a key: it is not known whose."""
        for key in unread:
            problem = f"there may be limits in {key}, which is not read: no device is connected until this is mended"
            self._warn(place, problem)
            self._configuration.distrusted = escaped(f"{self._path}: {place}: {problem}")

    def _object(self, content: object, place: str) -> dict[str, object]:
        """Return one of the outer objects. Without them it is not known what is limited, so that nothing is to be driven."""
        if not isinstance(content, dict):
            raise ConfigurationError(f"{self._path}: Expected `object`, got {kind(content)} - at `{place}`")
        if isinstance(content, RepeatedKeys):
            raise ConfigurationError(f"{self._path}: {place} is {kind(content)}")
        return content

    def _list(self, content: dict[str, object], key: str) -> list[object]:
        entries = content.get(key, [])
        if not isinstance(entries, list):
            raise ConfigurationError(f"{self._path}: Expected `array`, got {kind(entries)} - at `$.user_configs.{key}`")
        return entries

    def _read_device(self, content: object, place: str) -> DeviceEntry:
        read = read_device(content, self._configuration, place, self._warn)
        if read is None:
            return DeviceEntry(content)
        key, settings, place = read
        owner = None if settings.index is None else self._owners.setdefault(settings.index, key)
        if owner is not None and _place(owner) != _place(key):
            self._warn(place, f"index {settings.index} is that of {owner.protocol} at {owner.address}: it will have another")
            settings = structs.replace(settings, index=None)
        own = settings
        earlier = self._by_key.get((_place(key), key.identifier))
        if earlier is not None and earlier.key is not None:
            self._warn(
                place, "the device has an earlier entry too: the narrower limits of both count, and denied by one is denied"
            )
            key, settings = earlier.key, merged(earlier.settings, settings, place, self._warn)
        self._configuration.settings[key] = settings
        entry = self._by_key[_place(key), key.identifier] = DeviceEntry(content, key, own, settings)
        return entry

    def _warn(self, place: str, problem: str) -> None:
        logger.warning("%s: %s: %s", self._path, escaped(place), escaped(problem))


def _place(key: DeviceKey) -> tuple[str, str]:
    return key.protocol, folded_address(key.address)
