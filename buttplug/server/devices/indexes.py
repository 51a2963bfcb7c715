"""The indexes of a server's devices: a device has the same one for as long as the server runs."""

from __future__ import annotations

import logging

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, folded_address

logger: logging.Logger = logging.getLogger(__name__)


class Indexes:
    """Who had which index, and which model it was. A device is known again by its protocol and its address."""

    def __init__(self, configuration: DeviceConfiguration) -> None:
        self._configuration = configuration
        self._indexes: dict[tuple[str, str], int] = {}
        self._models: dict[tuple[str, str], DeviceKey] = {}

    def seen(self, key: DeviceKey) -> DeviceKey | None:
        """Return the key with which a device last named its model; None where it never did."""
        return self._models.get(_device(key))

    def give(self, key: DeviceKey, settings: DeviceSettings) -> int:
        """Return the device's own index: the one it had, else the configured one, else the lowest that no known device has."""
        if self._configuration.lists(key):
            self._models[_device(key)] = key
        if _device(key) in self._indexes:
            return self._indexes[_device(key)]
        taken = set(self._indexes.values())
        index = settings.index
        if index is None or index in taken:
            taken |= {known.index for known in self._configuration.settings.values() if known.index is not None}
            index = next(number for number in range(len(taken) + 1) if number not in taken)
        if settings.index is not None and settings.index != index:
            _warn(key, settings.index, index)
        self._indexes[_device(key)] = index
        return index

    def change(self, key: DeviceKey, index: int) -> bool:
        """Give a device another index; return whether it has that one now."""
        if index in self._indexes.values():
            _warn(key, index, self._indexes[_device(key)])
            return False
        self._indexes[_device(key)] = index
        return True


def _device(key: DeviceKey) -> tuple[str, str]:
    return key.protocol, folded_address(key.address)


def _warn(key: DeviceKey, wanted: int, index: int) -> None:
    logger.warning(
        "%s is configured as device %d, but another device is that already; it is device %d until the server ends",
        key.address,
        wanted,
        index,
    )
