"""The buses the command line can turn on, by the names of their switches. A bus is imported when it is on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from buttplug.hardware.base import CommunicationManager
from buttplug.server.devices.configuration import DeviceConfiguration

logger = logging.getLogger(__name__)


def _bluetooth_le(configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.bluetooth import BluetoothManager

    return BluetoothManager()


_MAKERS: Mapping[str, Callable[[DeviceConfiguration], CommunicationManager]] = {
    "bluetooth-le": _bluetooth_le,
}


def make_buses(names: Iterable[str], configuration: DeviceConfiguration) -> list[CommunicationManager]:
    """Return the communication managers of the named buses; one that cannot even be imported is left out with a warning."""
    managers = []
    for name in names:
        try:
            managers.append(_MAKERS[name](configuration))
        except ImportError as error:
            logger.warning("%s cannot be used: %s", name, error)
    return managers
