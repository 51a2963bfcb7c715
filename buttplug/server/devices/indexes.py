"""The indexes of a server's devices: a device has the same one for as long as the server runs and remembers it."""

from __future__ import annotations

import logging
from collections.abc import Collection

from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.hardware.common.addresses import folded_address
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings

logger: logging.Logger = logger_of(__name__)


#: Devices that are remembered, besides those that are connected. They choose their own addresses, so without a limit one
#: device could fill the memory.
MOST_GONE = 1000


class Indexes:
    """Who had which index, and which model it was. A device is known again by its protocol and its address."""

    def __init__(self, configuration: DeviceConfiguration) -> None:
        self._configuration = configuration
        self._indexes: dict[tuple[str, str], int] = {}
        self._models: dict[tuple[str, str], DeviceKey] = {}
        #: What devices had before their users gave them others. A command that is under way may still mean such a device.
        self._left: set[int] = set()

    def seen(self, key: DeviceKey) -> DeviceKey | None:
        """Return the key with which a device last named its model; None where it never did."""
        return self._models.get(_device(key))

    def give(self, key: DeviceKey, settings: DeviceSettings, in_use: Collection[int]) -> int:
        """Return the device's own index: the configured one if it is free, else the one it had, else the lowest free one.

        ``in_use`` are the indexes of the connected devices. Of all others the latest :data:`MOST_GONE` are remembered.
        """
        device = _device(key)
        if self._configuration.lists(key):
            self._models[device] = key
        index = self._indexes.pop(device, None)
        if settings.index is not None and settings.index != index and settings.index not in self._indexes.values():
            # Its user may have changed it while the device was away.
            if index is not None:
                self._left.add(index)
            index = settings.index
        if index is None:
            index = self._free_index(key, settings)
        self._indexes[device] = index
        gone = [other for other, its_index in self._indexes.items() if its_index not in in_use]
        for oldest in gone[:-MOST_GONE]:
            del self._indexes[oldest]
            self._models.pop(oldest, None)
        return index

    def _free_index(self, key: DeviceKey, settings: DeviceSettings) -> int:
        taken = set(self._indexes.values())
        index = settings.index
        if index is None or index in taken:
            taken |= self._left | {known.index for known in self._configuration.settings.values() if known.index is not None}
            index = next(number for number in range(len(taken) + 1) if number not in taken)
        if settings.index is not None and settings.index != index:
            _warn(key, settings.index, index)
        return index

    def change(self, key: DeviceKey, index: int) -> bool:
        """Give a device another index; return whether it has that one now."""
        if index in self._indexes.values():
            _warn(key, index, self._indexes[_device(key)])
            return False
        self._left.add(self._indexes[_device(key)])
        self._indexes[_device(key)] = index
        return True


def _device(key: DeviceKey) -> tuple[str, str]:
    return key.protocol, folded_address(key.address)


def _warn(key: DeviceKey, wanted: int, index: int) -> None:
    logger.warning(
        "%s is configured as device %d, but another device is that already; it is device %d until the server ends",
        escaped(key.address),
        wanted,
        index,
    )
