"""What the server knows of devices: which exist, how they are found, what they can do, and what their users set for them."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.core.log import logger_of
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.common.addresses import folded_address
from buttplug.hardware.specifier import Advertisement, Specifier
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.base_files import bundled_folder, read_base
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import SIMULATED, Model, ProtocolEntry, SimulatedEntry, Version
from buttplug.server.devices.identity import identify
from buttplug.server.devices.limits import OutputRange
from buttplug.server.devices.matching import Match, Matcher
from buttplug.server.devices.settings import (
    DeviceChanges,
    DeviceKey,
    DeviceSettings,
    OutputChanges,
    OutputSettings,
    checked,
)

if TYPE_CHECKING:
    from buttplug.server.devices.user_configuration import UserFile

logger: logging.Logger = logger_of(__name__)

#: No further device is remembered by itself when there are so many: some have a new address each time they connect. Searching
#: and saving them all may hold the event loop for some milliseconds.
MOST_REMEMBERED = 100

_NO_SETTINGS = DeviceSettings()
_NO_LIMITS = OutputSettings()


class DeviceConfiguration:
    """All protocols with their devices, and the settings of the devices that were ever seen.

    Attributes:
        version: The version of the ecosystem's base configuration that has the same devices.
        settings: What users set, by device. Change it by :meth:`configure` and its kin, which check what they are given and
            have it take effect on devices that are connected.
        simulated_devices: Those that a user's configuration asks for. A server has those that are there when it is made.
        added_specifiers: What was added to the loaded specifiers, with the protocol.
        added_models: The models that were added, each with its protocol.
        user_file: Where changes are saved; None for nowhere.
        distrusted: Why no device may connect: it is not known what is limited. None where it is.
        unreadable_models: Why no device of a model may connect: what its user says of it cannot be read. By protocol and
            identifier.
        limits_without_address: Why no device of a protocol may connect that has no limits of its own, by protocol; "" for all.
    """

    def __init__(self, version: Version) -> None:
        """Make an empty configuration; :meth:`load` makes a full one."""
        self.version = version
        self.settings: dict[DeviceKey, DeviceSettings] = {}
        self.simulated_devices: list[SimulatedEntry] = []
        self.added_specifiers: list[Match] = []
        self.added_models: list[tuple[str, Model]] = []
        self.user_file: UserFile | None = None
        self.distrusted: str | None = None
        self.unreadable_models: dict[tuple[str, str | None], str] = {}
        self.limits_without_address: dict[str, str] = {}
        self._watchers: list[Callable[[], None]] = []
        self._matcher = Matcher()
        self._specifiers: dict[str, list[Specifier]] = {}
        self._models: dict[str, dict[str | None, Model]] = {}
        self._replaced_models: dict[tuple[str, str], Model | None] = {}

    @classmethod
    def load(cls, source: Path | None = None) -> DeviceConfiguration:
        """Read a folder with one file per protocol, by default the bundled one, or a base file of the ecosystem.

        Protocols of an ecosystem's file that cannot be used are left out with a warning.

        Raises:
            ConfigurationError: A file cannot be read or used; the message names it, the field, and what is wrong.
        """
        version, entries = read_base(source or bundled_folder())
        configuration = cls(version)
        for protocol, entry in entries.items():
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
            ConfigurationError: There is none.
        """
        folds: tuple[Callable[[str], str], ...] = (str, str.casefold)
        for fold in folds:
            folded = fold(name)
            named = [(protocol, identifier) for protocol, identifier, model in self._listed() if fold(model.name) == folded]
            if named:
                # Some models can be reached in several ways: Bluetooth is the usual one.
                protocol, identifier = next((each for each in named if self._is_bluetooth(each[0])), named[0])
                models = self._models[protocol]
                return models[identifier].definition(protocol, identifier, models[None])
            for protocol in self._models:
                if fold(protocol) == fold(name):
                    return self._usual_definition(protocol)
        raise ConfigurationError(f"there is no device called {name!r}")

    def _is_bluetooth(self, protocol: str) -> bool:
        return any(isinstance(specifier, BluetoothSpecifier) for specifier in self._specifiers[protocol])

    def _usual_definition(self, protocol: str) -> DeviceDefinition:
        """Return a protocol's default; where that has no features, its first model."""
        models = self._models[protocol]
        identifier = None if models[None].features else next((key for key in models if key is not None), None)
        return models[identifier].definition(protocol, identifier, models[None])

    @property
    def protocols(self) -> tuple[str, ...]:
        """The names of all protocols."""
        return tuple(self._models)

    def specifiers(self, protocol: str) -> tuple[Specifier, ...]:
        """Return what identifies a protocol's devices, on every bus; nothing for an unknown protocol."""
        return tuple(self._specifiers.get(protocol, ()))

    def __iter__(self) -> Iterator[DeviceDefinition]:
        """Go through all models once, each under the first of its identifiers, and the defaults that have features."""
        for protocol, identifier, model in self._listed():
            yield model.definition(protocol, identifier, self._models[protocol][None])

    def __len__(self) -> int:
        """The number of models."""
        return sum(1 for _ in self._listed())

    def _listed(self) -> Iterator[tuple[str, str | None, Model]]:
        for protocol, models in self._models.items():
            defaults = models[None]
            seen: set[int] = set()
            for identifier, model in models.items():
                if id(model) not in seen and (model.features or defaults.features):
                    seen.add(id(model))
                    yield protocol, identifier, model

    def lists(self, key: DeviceKey) -> bool:
        """Return whether a device's identifier is that of a model, and not left to the protocol's default."""
        return key.identifier is not None and key.identifier in self._models.get(key.protocol, ())

    def model(self, key: DeviceKey) -> Model | None:
        """Return the entry that a device's definition is made from, with its features; None for an unknown protocol."""
        models = self._models.get(key.protocol)
        if models is None:
            return None
        model = models.get(key.identifier, models[None])
        return model if model.features is not None else structs.replace(model, features=models[None].features)

    # What users add

    def add_specifier(self, protocol: str, specifier: Specifier) -> None:
        """Have a protocol drive further devices. A match by an added specifier beats any match by a loaded one.

        Serial ports and websocket names count at once, what Bluetooth LE, HID and USB search for from the next start on.

        Raises:
            ConfigurationError: There is no such protocol.
        """
        self._require_protocol(protocol)
        self._add_specifier(protocol, specifier, bundled=False)
        self.added_specifiers.append(Match(protocol, specifier))
        self.tell_watchers()

    def remove_specifier(self, protocol: str, specifier: Specifier) -> None:
        """Take back an added specifier.

        Raises:
            ConfigurationError: It was not added.
        """
        if Match(protocol, specifier) not in self.added_specifiers:
            raise ConfigurationError(f"{specifier} was not added to {protocol}")
        self.added_specifiers.remove(Match(protocol, specifier))
        self._specifiers[protocol].remove(specifier)
        self._matcher.remove(protocol, specifier)
        self.tell_watchers()

    def add_model(self, protocol: str, model: Model) -> None:
        """Add a model to a protocol, or replace one.

        A connected device whose outputs are others by that is stopped and disconnected: it connects again as what it is now.

        Raises:
            ConfigurationError: There is no such protocol.
        """
        self._require_protocol(protocol)
        models = self._models[protocol]
        for identifier in model.identifier:
            self._replaced_models.setdefault((protocol, identifier), models.get(identifier))
            models[identifier] = model
        self.added_models.append((protocol, model))
        self.tell_watchers()

    def remove_model(self, protocol: str, identifier: str) -> None:
        """Take back the added model with this identifier; one that it replaced is there again.

        Raises:
            ConfigurationError: None was added.
        """
        model = self._models.get(protocol, {}).get(identifier)
        if (protocol, model) not in self.added_models or model is None:
            raise ConfigurationError(f"no model {identifier} was added to {protocol}")
        self.added_models = [added for added in self.added_models if added != (protocol, model)]
        for known in model.identifier:
            left = [added for at, added in self.added_models if at == protocol and known in added.identifier]
            before = left[-1] if left else self._replaced_models.pop((protocol, known))
            if before is None:
                del self._models[protocol][known]
            else:
                self._models[protocol][known] = before
        self.tell_watchers()

    def add_simulated_device(self, identifier: str, display_name: str | None = None, address: str = "") -> SimulatedEntry:
        """Have servers that are made from now on find a simulated device, of a model of the protocol ``simulated``.

        Without an address it gets one of its own.

        Raises:
            ConfigurationError: There is no such model, or the address is taken.
        """
        if not self.lists(DeviceKey(SIMULATED, identifier, address)):
            known = ", ".join(key for key in self._models.get(SIMULATED, ()) if key is not None) or "none"
            raise ConfigurationError(f"there is no simulated device {identifier}; there are {known}")
        taken = {folded_address(device.address) for device in self.simulated_devices}
        if not address:
            numbered = (f"{SIMULATED}:{identifier}:{number}" for number in range(1, len(taken) + 2))
            address = next(free for free in numbered if folded_address(free) not in taken)
        elif folded_address(address) in taken:
            raise ConfigurationError(f"{address} is the address of another simulated device")
        device = SimulatedEntry(identifier, address, display_name)
        self.simulated_devices.append(device)
        self.tell_watchers()
        return device

    def remove_simulated_device(self, address: str) -> None:
        """Take back a simulated device, and forget what was set for it.

        Raises:
            ConfigurationError: There is none with this address.
        """
        folded = folded_address(address)
        left = [device for device in self.simulated_devices if folded_address(device.address) != folded]
        if len(left) == len(self.simulated_devices):
            raise ConfigurationError(f"there is no simulated device with the address {address}")
        self.simulated_devices = left
        for key in [key for key in self.settings if key.protocol == SIMULATED and folded_address(key.address) == folded]:
            del self.settings[key]
        self.tell_watchers()

    # What users set

    def settings_for(self, key: DeviceKey) -> DeviceSettings:
        """Return what was set for a device under this key. Spellings of an address are the same."""
        return self.settings.get(self._stored(key), _NO_SETTINGS)

    def configure(self, key: DeviceKey, settings: DeviceSettings) -> None:
        """Set all that is set for a device. It takes effect at once where the device is connected: it is stopped, too.

        Raises:
            ConfigurationError: The limits are not inside the device's ranges, its index is another device's, or a value is
                cannot be used. Nothing was changed.
        """
        settings = checked(settings)
        definition = self.definition(key.protocol, key.identifier)
        if definition is not None and settings.message_gap == definition.message_gap:
            # The engine writes the model's own gap for every device, so in a file it is not known as a user's.
            settings = structs.replace(settings, message_gap=None)
        for feature in definition.features if definition is not None else ():
            for type_, output in feature.outputs.items():
                OutputRange.of(type_, output, settings.outputs.get((feature.index, type_), _NO_LIMITS))
        here = key.protocol, folded_address(key.address)
        for other, known in self.settings.items():
            if known.index == settings.index is not None and (other.protocol, folded_address(other.address)) != here:
                raise ConfigurationError(f"index {settings.index} is that of {other}")
        self.settings[self._stored(key)] = settings
        self.tell_watchers()

    def change_device(self, key: DeviceKey, **changes: Unpack[DeviceChanges]) -> None:
        """Change what is given, and nothing else: ``index``, ``display_name``, ``allow``, ``deny``, ``message_gap``.

        ``message_gap`` is in seconds. None takes a setting back.

        Raises:
            ConfigurationError: A value is below 0 or cannot be used, or the index is another device's. Nothing was changed.
        """
        for name, value in changes.items():
            if isinstance(value, int | float) and value < 0:
                raise ConfigurationError(f"{name} is {value}: it must not be below 0")
        self.configure(key, structs.replace(self._in_effect(key), **_with_defaults(changes, _NO_SETTINGS)))

    def limit_output(
        self,
        key: DeviceKey,
        feature: int,
        type: OutputType,  # noqa: A002
        **limits: Unpack[OutputChanges],
    ) -> None:
        """Change the limits of one output that are given: ``value``, ``duration``, ``disabled``, ``reverse``.

        They are those of :class:`OutputSettings`; None takes a limit back.

        Raises:
            ConfigurationError: There is no such output, or the limits are not inside its range. Nothing was changed.
        """
        definition = self.definition(key.protocol, key.identifier)
        if definition is None:
            raise ConfigurationError(f"there is no protocol {key.protocol}")
        if not any(known.index == feature and type in known.outputs for known in definition.features):
            raise ConfigurationError(f"{definition.name} has no output {type} on feature {feature}")
        if limits.get("reverse") and not type.is_position:
            raise ConfigurationError(f"only positions can be reversed, not {type}")
        settings = self._in_effect(key)
        output = structs.replace(settings.outputs.get((feature, type), _NO_LIMITS), **_with_defaults(limits, _NO_LIMITS))
        outputs = {place: known for place, known in settings.outputs.items() if place != (feature, type)}
        if output != _NO_LIMITS:
            outputs[feature, type] = output
        self.configure(key, structs.replace(settings, outputs=outputs))

    def forget_device(self, key: DeviceKey) -> None:
        """Remove all that is set for a device under this key.

        Raises:
            ConfigurationError: Nothing is.
        """
        if self.settings.pop(self._stored(key), None) is None:
            raise ConfigurationError(f"nothing is set for {key}")
        self.tell_watchers()

    def remember(self, key: DeviceKey, index: int) -> bool:
        """Keep the index of a device for the next time; return whether that is news."""
        here = key.protocol, folded_address(key.address)
        stored = next((other for other in self.settings if (other.protocol, folded_address(other.address)) == here), key)
        settings = self.settings.get(stored, _NO_SETTINGS)
        if settings.index is not None or (stored not in self.settings and len(self.settings) >= MOST_REMEMBERED):
            return False
        self.settings[stored] = structs.replace(settings, index=index)
        return True

    def number_devices(self) -> dict[DeviceKey, DeviceSettings]:
        """Give every device that has no index the lowest free one; return all settings."""
        taken = {settings.index for settings in self.settings.values()}
        free = (index for index in itertools.count() if index not in taken)
        for key, settings in self.settings.items():
            if settings.index is None and settings.unusable is None:
                self.settings[key] = structs.replace(settings, index=next(free))
        return self.settings

    def allows(self, address: str) -> str | None:
        """Return why a device may not connect; None if it may.

        Denying comes before allowing. As soon as any device is marked as allowed only those that are may connect.
        """
        if self.distrusted is not None:
            return self.distrusted
        folded = folded_address(address)
        here = [settings for key, settings in self.settings.items() if folded_address(key.address) == folded]
        if any(settings.deny for settings in here):
            return "its user denies it to connect"
        if any(settings.allow for settings in here):
            return None
        if any(settings.allow for settings in self.settings.values()):
            return "its user allows other devices only"
        return None

    def save(self) -> None:
        """Save what users set and added to the user's file.

        Raises:
            ConfigurationError: There is no user's file, or it cannot be written.
        """
        if self.user_file is None:
            raise ConfigurationError("there is no user configuration file to save to")
        self.user_file.save()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; return a function that ends this. What the callback raises is logged."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    def tell_watchers(self) -> None:
        """Call everybody who watches the configuration, after a change."""
        for callback in tuple(self._watchers):
            try:
                callback()
            except Exception:
                # One of them has the change obeyed by the connected devices.
                logger.exception("a callback that watches the configuration failed; the change holds all the same")

    def _in_effect(self, key: DeviceKey) -> DeviceSettings:
        """Return the settings that a device with this key has now: its own, or those it has under another identifier."""
        settings = self.settings_for(key)
        if settings.unusable is not None:
            raise ConfigurationError(f"mend the entry, or forget the device first: {settings.unusable}")
        try:
            return settings if settings.outputs else identify(self, key).settings
        except ConfigurationError:
            # It is refused until it has limits of its own.
            return settings

    def _stored(self, key: DeviceKey) -> DeviceKey:
        """Return the key under which a device's settings are stored, which may have another spelling of the address."""
        folded = key._replace(address=folded_address(key.address))
        same = (known for known in self.settings if known._replace(address=folded_address(known.address)) == folded)
        return next(same, key)

    def _require_protocol(self, protocol: str) -> None:
        if protocol not in self._models:
            raise ConfigurationError(f"there is no protocol {protocol}")


def _with_defaults(changes: Mapping[str, object], defaults: DeviceSettings | OutputSettings) -> dict[str, Any]:
    """Return changes with the default in place of each None, which takes a setting back."""
    return {name: getattr(defaults, name, None) if value is None else value for name, value in changes.items()}
