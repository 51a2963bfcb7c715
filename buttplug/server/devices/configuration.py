"""What the server knows of devices: which exist, how they are found, what they can do, and what their users set for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.specifier import Advertisement, Specifier
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import BaseFile, Model, ProtocolEntry, ProtocolFile, SimulatedEntry, Version
from buttplug.server.devices.matching import Match, Matcher
from buttplug.server.devices.settings import DeviceKey, DeviceSettings

logger = logging.getLogger(__name__)

#: Major versions of the ecosystem's configuration files that can be read.
SUPPORTED_FORMATS = (4, 5)

_VERSION_FILE = "version.json"
_SCHEMA_FILE = "schema.json"

_Content = TypeVar("_Content")

_NO_SETTINGS = DeviceSettings()

_protocol_file_decoder = msgspec.json.Decoder(ProtocolFile)


class DeviceConfiguration:
    """All protocols with their devices, and the settings of the devices that were ever seen.

    Attributes:
        version: The version of the ecosystem's base configuration that has the same devices.
        settings: What users set, by device. May be changed at any time; a device that is connected keeps what it has.
        simulated_devices: Those that a user's configuration asks for.
    """

    def __init__(self, version: Version) -> None:
        """Make an empty configuration; :meth:`load` makes a full one."""
        self.version = version
        self.settings: dict[DeviceKey, DeviceSettings] = {}
        self.simulated_devices: list[SimulatedEntry] = []
        self._matcher = Matcher()
        self._specifiers: dict[str, list[Specifier]] = {}
        self._models: dict[str, dict[str | None, Model]] = {}

    @classmethod
    def load(cls, source: Path | None = None) -> DeviceConfiguration:
        """Read a folder with one file per protocol, by default the bundled one, or a base file of the ecosystem.

        Protocols of an ecosystem's file that cannot be used are left out with a warning.

        Raises:
            ConfigurationError: A file cannot be read or used; the message names it, the field, and what is wrong.
        """
        source = source or _bundled_folder()
        return cls._load_folder(source) if source.is_dir() else cls._load_base_file(source)

    @classmethod
    def _load_folder(cls, folder: Path) -> DeviceConfiguration:
        configuration = cls(_decode_file(folder / _VERSION_FILE, msgspec.json.Decoder(Version)))
        for path in sorted(folder.glob("*.json"), key=attrgetter("stem")):
            if path.name in (_VERSION_FILE, _SCHEMA_FILE):
                continue
            entry = _decode_file(path, _protocol_file_decoder)
            problems = list(entry.problems())
            if entry.protocol != path.stem:
                problems.append(f"$.protocol is {entry.protocol}, but the file is named {path.name}")
            if problems:
                raise ConfigurationError(f"{path}: {'; '.join(problems)}")
            configuration._add_protocol(entry.protocol, entry)
        return configuration

    @classmethod
    def _load_base_file(cls, path: Path) -> DeviceConfiguration:
        base = _decode_file(path, msgspec.json.Decoder(BaseFile))
        check_format(path, base.version)
        configuration = cls(base.version)
        for protocol, raw in base.protocols.items():
            try:
                entry = msgspec.json.decode(raw, type=ProtocolEntry)
            except msgspec.ValidationError as error:
                problems = [str(error)]
            else:
                problems = list(entry.problems())
            if problems:
                logger.warning("%s: protocol %s is left out: %s", path, protocol, "; ".join(problems))
            else:
                configuration._add_protocol(protocol, entry)
        return configuration

    def _add_protocol(self, protocol: str, entry: ProtocolEntry) -> None:
        models = self._models[protocol] = {None: entry.defaults}
        for model in entry.configurations:
            for identifier in model.identifier:
                models[identifier] = model
        self._specifiers[protocol] = []
        for communication in entry.communication:
            for specifier in communication.specifiers:
                self._add_specifier(protocol, specifier, bundled=True)

    def _add_specifier(self, protocol: str, specifier: Specifier, *, bundled: bool) -> None:
        self._specifiers[protocol].append(specifier)
        self._matcher.add(protocol, specifier, bundled=bundled)

    def add_specifier(self, protocol: str, specifier: Specifier) -> None:
        """Have a protocol drive further devices. A match by an added specifier beats any match by a loaded one.

        Raises:
            KeyError: There is no such protocol.
        """
        self._add_specifier(protocol, specifier, bundled=False)

    def add_model(self, protocol: str, model: Model) -> None:
        """Add a model to a protocol, or replace one.

        Raises:
            KeyError: There is no such protocol.
        """
        for identifier in model.identifier:
            self._models[protocol][identifier] = model

    def match(self, advertisement: Advertisement) -> list[Match]:
        """Return the protocols that may drive a device, best first, each with the specifier that matched.

        A device that connects by websocket may go by the name of a protocol too, or by the one that it would advertise over
        Bluetooth.
        """
        matches = self._matcher.match(advertisement)
        if matches or not isinstance(advertisement, WebsocketAdvertisement):
            return matches
        if specifiers := self._specifiers.get(advertisement.name):
            bluetooth = (specifier for specifier in specifiers if isinstance(specifier, BluetoothSpecifier))
            return [Match(advertisement.name, next(bluetooth, specifiers[0]))]
        return self._matcher.match(BluetoothAdvertisement(advertisement.name))

    def definition(self, protocol: str, identifier: str | None) -> DeviceDefinition | None:
        """Return a model's definition, the protocol's default for a model not listed, None for an unknown protocol."""
        models = self._models.get(protocol)
        if models is None:
            return None
        if identifier not in models:
            identifier = None
        return models[identifier].definition(protocol, identifier, models[None])

    def find(self, name: str) -> DeviceDefinition:
        """Return the definition of a model by its name, or that of a protocol's usual device by the protocol's name.

        Upper and lower case are told apart only between models whose names differ in nothing else.

        Raises:
            ConfigurationError: There is none; the message has the nearest names.
        """
        folds: tuple[Callable[[str], str], ...] = (str, str.casefold)
        for fold in folds:
            named = [definition for definition in self if fold(definition.name) == fold(name)]
            if named:
                # Some models can be reached in several ways: Bluetooth is the usual one.
                return next((definition for definition in named if self._is_bluetooth(definition.protocol)), named[0])
            for protocol in self._models:
                if fold(protocol) == fold(name):
                    return self._usual_definition(protocol)
        raise ConfigurationError(f"there is no device called {name!r}{self._nearest(name)}")

    def _is_bluetooth(self, protocol: str) -> bool:
        return any(isinstance(specifier, BluetoothSpecifier) for specifier in self._specifiers[protocol])

    def _usual_definition(self, protocol: str) -> DeviceDefinition:
        """Return a protocol's default; where that has no features, its first model."""
        models = self._models[protocol]
        identifier = None if models[None].features else next((key for key in models if key is not None), None)
        return models[identifier].definition(protocol, identifier, models[None])

    def _nearest(self, name: str) -> str:
        import difflib

        names = {known.casefold(): known for known in (*self._models, *(definition.name for definition in self))}
        nearest = difflib.get_close_matches(name.casefold(), names, n=5, cutoff=0.5)
        return f"; did you mean {', '.join(names[match] for match in nearest)}?" if nearest else ""

    @property
    def protocols(self) -> tuple[str, ...]:
        """The names of all protocols."""
        return tuple(self._models)

    def specifiers(self, protocol: str) -> tuple[Specifier, ...]:
        """Return what identifies a protocol's devices, on every bus; nothing for an unknown protocol."""
        return tuple(self._specifiers.get(protocol, ()))

    def __iter__(self) -> Iterator[DeviceDefinition]:
        """Go through all models once, each under the first of its identifiers, and the defaults that have features."""
        for protocol, models in self._models.items():
            defaults = models[None]
            seen: set[int] = set()
            for identifier, model in models.items():
                if id(model) not in seen and (model.features or defaults.features):
                    seen.add(id(model))
                    yield model.definition(protocol, identifier, defaults)

    def __len__(self) -> int:
        """The number of models."""
        return sum(1 for _ in self)

    def settings_for(self, key: DeviceKey) -> DeviceSettings:
        """Return what was set for a device. Addresses that differ in upper and lower case only are the same."""
        if key in self.settings:
            return self.settings[key]
        folded = _fold(key)
        return next((settings for known, settings in self.settings.items() if _fold(known) == folded), _NO_SETTINGS)

    def allows(self, address: str) -> str | None:
        """Return why a device may not connect; None if it may.

        Denying comes before allowing. As soon as any device is marked as allowed only those that are may connect.
        """
        folded = address.casefold()
        here = [settings for key, settings in self.settings.items() if key.address.casefold() == folded]
        if any(settings.deny for settings in here):
            return "its user denies it to connect"
        if any(settings.allow for settings in here):
            return None
        if any(settings.allow for settings in self.settings.values()):
            return "its user allows other devices only"
        return None


def check_format(path: Path, version: Version) -> None:
    """Raise :class:`ConfigurationError` for a file whose format is not supported."""
    if version.major not in SUPPORTED_FORMATS:
        supported = " and ".join(str(major) for major in SUPPORTED_FORMATS)
        raise ConfigurationError(f"{path}: $.version.major is {version.major}, but only {supported} can be read")


def _bundled_folder() -> Path:
    """Return where the bundled files are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    inside = package / "device-config"
    return inside if inside.is_dir() else package.parent / "device-config"


def _fold(key: DeviceKey) -> DeviceKey:
    return key._replace(address=key.address.casefold())


def _decode_file(path: Path, decoder: msgspec.json.Decoder[_Content]) -> _Content:
    try:
        return decoder.decode(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
