"""Which characteristics of a Bluetooth LE device serve which endpoints.

A UUID in the configuration may have ``?`` for any hexadecimal digit. Makers number their models in the service's UUID and
keep its shape: ``????0001-002?-4bd4-bbd5-a6920e4c5653`` is every Lovense toy's, those not yet made included. The
``?`` of the characteristics stand for the same digits, in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import zip_longest

from buttplug.hardware.bluetooth.specifier import BluetoothSpecifier

_HEX_DIGITS = frozenset("0123456789abcdef")


def resolve_endpoints(specifier: BluetoothSpecifier, services: Mapping[str, Collection[str]]) -> dict[str, tuple[str, str]]:
    """Return endpoint → (service UUID, characteristic UUID) for what a device has.

    ``services`` is the device's: service UUID → characteristic UUIDs, in lower case. An endpoint that several services offer
    is the first one's, in the configuration's order. What the device lacks is left out: nothing at all when it is not
    of this kind.
    """
    endpoints: dict[str, tuple[str, str]] = {}
    for pattern, characteristics in specifier.services.items():
        for service, present in services.items():
            digits = _digits(pattern, service)
            if digits is None:
                continue
            for endpoint, characteristic in characteristics.items():
                uuid = _fill(characteristic, digits)
                if uuid in present:
                    endpoints.setdefault(endpoint, (service, uuid))
    return endpoints


def _digits(pattern: str, uuid: str) -> str | None:
    """Return what stands for the question marks of a pattern; None if the UUID does not fit it."""
    digits = ""
    for wanted, digit in zip_longest(pattern, uuid):
        if wanted == "?" and digit in _HEX_DIGITS:
            digits += digit
        elif wanted != digit:
            return None
    return digits


def _fill(pattern: str, digits: str) -> str:
    for digit in digits:
        pattern = pattern.replace("?", digit, 1)
    return pattern
