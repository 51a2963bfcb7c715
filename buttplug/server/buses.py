"""Makes the buses that the options ask for. Each is imported when it is used."""

from __future__ import annotations

import logging
import ssl

from buttplug.core.log import logger_of
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.common.udev import rules
from buttplug.hardware.common.usb_ids import ids_of
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.registry import BUSES, BusSettings
from buttplug.hardware.specifier import Specifier
from buttplug.hardware.usb import UsbSpecifier
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program.options import Options, parse

logger: logging.Logger = logger_of(__name__)


def buses(*names: str, configuration: DeviceConfiguration | None = None) -> list[CommunicationManager]:
    """Return the communication managers of buses by their names: ``ButtplugServer(managers=buses("bluetooth-le", "hid"))``.

    Args:
        names: The names that the switches of ``python -m buttplug.server`` have: ``hid`` for ``--use-hid``.
        configuration: Says what devices to look for on HID, USB and serial ports; the one of this package where it is None.

    Raises:
        LookupError: There is no such bus; the text has all there are.
        ImportError: A library it needs is missing or broken.
    """
    known = [bus.option for bus in BUSES]
    for name in names:
        if name not in known:
            raise LookupError(f"there is no bus {name}; there are: {', '.join(known)}")
    configuration = DeviceConfiguration.load() if configuration is None else configuration
    return [make_bus(name, parse([], {}), configuration) for name in names]


def make_buses(
    options: Options, configuration: DeviceConfiguration, token: str | None = None, tls: ssl.SSLContext | None = None
) -> list[CommunicationManager]:
    """Return the communication managers of the buses that are on; one that cannot be made is left out with a warning.

    ``token`` is what devices that connect by themselves have to show, as clients have; ``tls`` is for those that are to come
    by ``wss``.
    """
    managers = []
    for bus in options.buses:
        try:
            managers.append(make_bus(bus, options, configuration, token, tls))
        except Exception as error:  # noqa: BLE001 one bus, one failure
            logger.warning("%s cannot be used: %s", bus, error)
    return managers


def make_bus(
    option: str,
    options: Options,
    configuration: DeviceConfiguration,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> CommunicationManager:
    """Return the communication manager of the bus with this switch.

    Raises:
        ImportError: A library it needs is missing or broken.
    """
    bus = next(bus for bus in BUSES if bus.option == option)
    return bus.make(_settings(options, configuration, token, tls))


def udev_rules(configuration: DeviceConfiguration) -> str:
    """Return the text of a udev rules file for every HID and USB device of the configuration."""
    from buttplug.hardware.lovense_dongle import HID_DONGLE

    specifiers = _specifiers(configuration)
    hid = ids_of(specifier for specifier in specifiers if isinstance(specifier, HidSpecifier))
    usb = ids_of(specifier for specifier in specifiers if isinstance(specifier, UsbSpecifier))
    return rules([HID_DONGLE, *hid], usb)


def _settings(
    options: Options, configuration: DeviceConfiguration, token: str | None, tls: ssl.SSLContext | None
) -> BusSettings:
    return BusSettings(
        specifiers=_specifiers(configuration),
        device_host="127.0.0.1" if options.hosts else "0.0.0.0",  # noqa: S104 where the user opened the clients' port, too
        device_port=options.device_port,
        device_origins=options.allow_origins,
        device_token=token,
        device_without_token=options.no_token,
        device_tls=tls if options.device_tls else None,
        lovense_connect_hosts=options.lovense_connect_hosts,
        lovense_connect_discover=options.lovense_connect_discover,
    )


def _specifiers(configuration: DeviceConfiguration) -> tuple[Specifier, ...]:
    return tuple(specifier for protocol in configuration.protocols for specifier in configuration.specifiers(protocol))
