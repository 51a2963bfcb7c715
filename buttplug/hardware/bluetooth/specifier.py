"""How Bluetooth LE devices are found: by name, manufacturer data or advertised services."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import partial
from typing import Annotated, Self

from msgspec import Meta, Struct, field, structs

from buttplug.hardware.base import ENDPOINTS
from buttplug.hardware.specifier import Advertisement, Rule, Specifier

#: Kinds of rules, the best first.
_MANUFACTURER_DATA, _EXACT_NAME, _SERVICE, _WILDCARD, _SERVICE_PATTERN = range(5)

#: The key of rules for services whose UUID has ``?``, and that of the name ``*``.
_ANY_SERVICE = ("service", "?")
_ANYTHING = ("wildcard", "")

#: Company numbers, from the Bluetooth assigned numbers. Of these anything comes from a phone, computer or television ...
_SAMSUNG, _LG, _GOOGLE, _SONY = 0x0075, 0x00C4, 0x00E0, 0x012D
_OTHER_TRADES = frozenset({_SAMSUNG, _LG, _GOOGLE, _SONY})
#: ... of Apple all but iBeacons, which many cheap radio modules send, and of Microsoft the beacon of a Windows device.
_APPLE, _IBEACON = 0x004C, b"\x02\x15"
_MICROSOFT, _WINDOWS_BEACON = 0x0006, b"\x01"

#: What stands for the ``*`` of a simulated device's name.
SIMULATED_ENDING = "0001"

_UUID = re.compile("[0-9a-f?]{8}(-[0-9a-f?]{4}){3}-[0-9a-f?]{12}")


class BluetoothAdvertisement(Advertisement, frozen=True):
    """What a Bluetooth LE device sends out. Service UUIDs are lower case.

    The name counts for nothing where the manufacturer data is that of a phone, computer or television.
    """

    name: str = ""
    manufacturer_data: dict[int, bytes] = field(default_factory=dict)
    services: frozenset[str] = frozenset()

    def lookup_keys(self) -> Iterator[Hashable]:
        name = self.name
        # A name is chosen by whoever made the device; one that is a pattern for everything is nobody's.
        if name and name != "*" and not self._is_phone_or_television():
            yield name
            yield "wildcard", name[0]
            yield _ANYTHING
        yield from self.manufacturer_data
        for service in self.services:
            yield "service", service
        if self.services:
            yield _ANY_SERVICE

    def _is_phone_or_television(self) -> bool:
        """Return whether the manufacturer data is that of a phone, computer or television; False where it does not tell."""
        data = self.manufacturer_data
        if not _OTHER_TRADES.isdisjoint(data):
            return True
        apple = data.get(_APPLE, b"")
        return (apple != b"" and not apple.startswith(_IBEACON)) or data.get(_MICROSOFT, b"").startswith(_WINDOWS_BEACON)


class ManufacturerData(Struct, frozen=True):
    """Manufacturer data to look for: ``data`` is contained in what is advertised under ``company``; empty for any."""

    company: Annotated[int, Meta(ge=0, le=0xFFFF)]
    data: tuple[Annotated[int, Meta(ge=0, le=0xFF)], ...] = ()


class BluetoothSpecifier(Specifier, frozen=True):
    """Bluetooth LE devices, by any of names (``*`` at the end for any ending), manufacturer data or advertised services.

    ``services`` maps service UUID to endpoint name to characteristic UUID. In every UUID ``?`` stands for any hexadecimal
    digit.
    """

    services: dict[str, dict[str, str]]
    names: tuple[str, ...] = ()
    manufacturer_data: tuple[ManufacturerData, ...] = ()
    advertised_services: tuple[str, ...] = ()

    def rules(self) -> Iterator[Rule]:
        for name in self.names:
            if _is_prefix(name):
                prefix = name[:-1]
                key = ("wildcard", prefix[0]) if prefix else _ANYTHING
                yield Rule(key, _WILDCARD, len(prefix), partial(_has_prefix, prefix))
            else:
                yield Rule(name, _EXACT_NAME, len(name))
        for wanted in self.manufacturer_data:
            data = bytes(wanted.data)
            yield Rule(wanted.company, _MANUFACTURER_DATA, len(data), partial(_has_data, wanted.company, data))
        for service in self.advertised_services:
            if "?" in service:
                pattern = re.compile(service.replace("?", "[0-9a-f]"))
                yield Rule(_ANY_SERVICE, _SERVICE_PATTERN, test=partial(_has_service, pattern))
            else:
                yield Rule(("service", service), _SERVICE)

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        name = self._simulated_name(model, identifier)
        services = frozenset(service for service in self.advertised_services[:1] if "?" not in service)
        # The data may tell of a model too, so it is left out where the name says enough.
        data = {} if self._has_name(name) else {wanted.company: bytes(wanted.data) for wanted in self.manufacturer_data}
        return name, BluetoothAdvertisement(name, data, services)

    def _simulated_name(self, model: str, identifier: str | None) -> str:
        """Return the model's identifier where its devices may be called so, else any name that they are found by."""
        found_by_mark = bool(self.manufacturer_data or self.advertised_services) and not any(map(_is_prefix, self.names))
        if identifier is not None and (found_by_mark or self._has_name(identifier)):
            return identifier
        if not self.names:
            return model
        name = self.names[0]
        return name[:-1] + SIMULATED_ENDING if _is_prefix(name) else name

    def _has_name(self, called: str) -> bool:
        return any(called.startswith(name[:-1]) if _is_prefix(name) else called == name for name in self.names)

    @property
    def endpoints(self) -> frozenset[str]:
        return frozenset(endpoint for endpoints in self.services.values() for endpoint in endpoints)

    @property
    def exact_services(self) -> frozenset[str]:
        """The UUIDs of all services that it names without ``?``, advertised or not."""
        return frozenset(service for service in (*self.services, *self.advertised_services) if "?" not in service)

    def normalized(self) -> Self:
        return structs.replace(
            self,
            advertised_services=tuple(map(normalized_uuid, self.advertised_services)),
            services={
                normalized_uuid(service): {endpoint: normalized_uuid(uuid) for endpoint, uuid in endpoints.items()}
                for service, endpoints in self.services.items()
            },
        )

    def problems(self, place: str) -> Iterator[str]:
        for uuid in self.advertised_services:
            if not _UUID.fullmatch(uuid):
                yield f"{place}.advertised_services has {uuid}, which is not a UUID in lower case"
        for service, endpoints in self.services.items():
            for uuid in (service, *endpoints.values()):
                if not _UUID.fullmatch(uuid):
                    yield f"{place}.services has {uuid}, which is not a UUID in lower case"
            if not endpoints.keys() <= ENDPOINTS:
                unknown = ", ".join(sorted(endpoints.keys() - ENDPOINTS))
                yield f"{place}.services.{service} names the unknown endpoint {unknown}"


def _is_prefix(name: str) -> bool:
    return name.endswith("*")


def _has_prefix(prefix: str, advertisement: BluetoothAdvertisement) -> bool:
    return advertisement.name.startswith(prefix)


def _has_data(company: int, data: bytes, advertisement: BluetoothAdvertisement) -> bool:
    return data in advertisement.manufacturer_data[company]


def _has_service(pattern: re.Pattern[str], advertisement: BluetoothAdvertisement) -> bool:
    return any(pattern.fullmatch(service) for service in advertisement.services)


def normalized_uuid(text: str) -> str:
    """Return a UUID in lower case with hyphens, from any usual form; what is none comes back as it is."""
    digits = text.lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    if not re.fullmatch("[0-9a-f?]{32}", digits):
        return text
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
