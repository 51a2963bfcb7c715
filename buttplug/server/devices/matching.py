"""Which protocols may drive a device that a communication manager found: dictionary lookups, however many there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from buttplug.hardware.specifiers import (
    Advertisement,
    BluetoothAdvertisement,
    BluetoothSpecifier,
    GamepadAdvertisement,
    GamepadSpecifier,
    HidAdvertisement,
    HidSpecifier,
    LovenseConnectAdvertisement,
    LovenseConnectSpecifier,
    SerialAdvertisement,
    SerialSpecifier,
    SimulatedAdvertisement,
    SimulatedSpecifier,
    Specifier,
    UsbAdvertisement,
    UsbSpecifier,
    WebsocketAdvertisement,
    WebsocketSpecifier,
)


class Match(NamedTuple):
    """A protocol that may drive a device, and the specifier that says so."""

    protocol: str
    specifier: Specifier


class _Entry(NamedTuple):
    bundled: bool
    match: Match


#: Sorts the best first: user's before bundled, then by kind of rule, then the longer text or data, then by protocol name.
_Rank: TypeAlias = tuple[bool, int, int, str]

_EXACT_NAME, _WILDCARD, _MANUFACTURER_DATA, _SERVICE = range(4)


class Matcher:
    """The specifiers of all protocols, arranged for finding."""

    def __init__(self) -> None:
        self._names: dict[str, list[_Entry]] = defaultdict(list)
        self._prefixes: dict[str, list[_Entry]] = defaultdict(list)
        self._prefix_lengths: list[int] = []
        self._manufacturer_data: dict[int, list[tuple[bytes, _Entry]]] = defaultdict(list)
        self._services: dict[str, list[_Entry]] = defaultdict(list)
        self._service_patterns: list[tuple[re.Pattern[str], _Entry]] = []
        self._other_buses: dict[Advertisement, list[_Entry]] = defaultdict(list)

    def add(self, protocol: str, specifier: Specifier, *, bundled: bool) -> None:
        """Have a protocol matched by a specifier; a user's own come before the bundled ones."""
        entry = _Entry(bundled, Match(protocol, specifier))
        if isinstance(specifier, BluetoothSpecifier):
            self._add_bluetooth(specifier, entry)
        else:
            for advertisement in _advertisements(specifier):
                self._other_buses[advertisement].append(entry)

    def match(self, advertisement: Advertisement) -> list[Match]:
        """Return the protocols that may drive a device, best first."""
        if not isinstance(advertisement, BluetoothAdvertisement):
            entries = self._other_buses.get(advertisement, ())
            return [entry.match for entry in sorted(entries, key=lambda entry: (entry.bundled, entry.match.protocol))]
        ranked = sorted(self._find_bluetooth(advertisement), key=itemgetter(0))
        # An entry that is matched by several of its rules counts once, by the best of them.
        return list({id(entry): entry.match for _, entry in ranked}.values())

    def _add_bluetooth(self, specifier: BluetoothSpecifier, entry: _Entry) -> None:
        for name in specifier.names:
            if name.endswith("*"):
                self._add_prefix(name[:-1], entry)
            else:
                self._names[name].append(entry)
        for wanted in specifier.manufacturer_data:
            self._manufacturer_data[wanted.company].append((bytes(wanted.data), entry))
        for service in specifier.advertised_services:
            if "?" in service:
                self._service_patterns.append((re.compile(service.replace("?", "[0-9a-f]")), entry))
            else:
                self._services[service].append(entry)

    def _add_prefix(self, prefix: str, entry: _Entry) -> None:
        self._prefixes[prefix].append(entry)
        if len(prefix) not in self._prefix_lengths:
            self._prefix_lengths.append(len(prefix))

    def _find_bluetooth(self, advertisement: BluetoothAdvertisement) -> Iterator[tuple[_Rank, _Entry]]:
        name = advertisement.name
        # A name is chosen by whoever made the device; one that is a pattern for everything is nobody's.
        if name and name != "*":
            for entry in self._names.get(name, ()):
                yield _rank(entry, _EXACT_NAME, len(name)), entry
            for length in self._prefix_lengths:
                for entry in self._prefixes.get(name[:length], ()) if length <= len(name) else ():
                    yield _rank(entry, _WILDCARD, length), entry
        for company, data in advertisement.manufacturer_data.items():
            for wanted, entry in self._manufacturer_data.get(company, ()):
                if wanted in data:
                    yield _rank(entry, _MANUFACTURER_DATA, len(wanted)), entry
        for service in advertisement.services:
            for entry in self._services.get(service, ()):
                yield _rank(entry, _SERVICE, 0), entry
            for pattern, entry in self._service_patterns:
                if pattern.fullmatch(service):
                    yield _rank(entry, _SERVICE, 0), entry


def _rank(entry: _Entry, kind: int, length: int) -> _Rank:
    return entry.bundled, kind, -length, entry.match.protocol


def _advertisements(specifier: Specifier) -> Iterator[Advertisement]:
    """Return every advertisement a specifier matches, on the buses where these can be counted."""
    match specifier:
        case SerialSpecifier():
            yield SerialAdvertisement(specifier.port)
        case HidSpecifier():
            yield from (HidAdvertisement(pair.vendor_id, pair.product_id) for pair in specifier.pairs)
        case UsbSpecifier():
            yield from (UsbAdvertisement(pair.vendor_id, pair.product_id) for pair in specifier.pairs)
        case WebsocketSpecifier():
            yield WebsocketAdvertisement(specifier.name)
        case SimulatedSpecifier():
            yield from (SimulatedAdvertisement(name) for name in specifier.names)
        case LovenseConnectSpecifier():
            yield LovenseConnectAdvertisement()
        case GamepadSpecifier():
            yield GamepadAdvertisement()
