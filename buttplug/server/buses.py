"""The buses of the command line, by the names of their switches. Each is imported when it is used."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.specifiers import BluetoothSpecifier, HidSpecifier, SerialSpecifier, Specifier, UsbId, UsbSpecifier
from buttplug.hardware.udev import rules
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.options import Options

logger = logging.getLogger(__name__)

Kind = TypeVar("Kind", bound=Specifier)


def make_buses(options: Options, configuration: DeviceConfiguration) -> list[CommunicationManager]:
    """Return the communication managers of the buses that are on; one that cannot be made is left out with a warning."""
    managers = []
    for bus in options.buses:
        try:
            managers.append(make_bus(bus, options, configuration))
        except Exception as error:  # noqa: BLE001 one bus, one failure
            logger.warning("%s cannot be used: %s", bus, error)
    return managers


def make_bus(bus: str, options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    """Return the communication manager of one bus.

    Raises:
        ImportError: A library it needs is missing or broken.
    """
    return _MAKERS[bus](options, configuration)


def udev_rules(configuration: DeviceConfiguration) -> str:
    """Return the text of a udev rules file for every HID and USB device of the configuration."""
    from buttplug.hardware.lovense_dongle import HID_DONGLE

    return rules([HID_DONGLE, *_hid_pairs(configuration)], _usb_pairs(configuration))


def _bluetooth_le(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.bluetooth import BluetoothManager

    specifiers = _specifiers(configuration, BluetoothSpecifier)
    services = {uuid for specifier in specifiers for uuid in (*specifier.services, *specifier.advertised_services)}
    return BluetoothManager(uuid for uuid in services if "?" not in uuid)


def _serial(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.serial import SerialManager

    return SerialManager(specifier.port for specifier in _specifiers(configuration, SerialSpecifier))


def _hid(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.hid import HidManager

    return HidManager(_hid_pairs(configuration))


def _usb(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.usb import UsbManager

    return UsbManager(_usb_pairs(configuration))


def _lovense_dongle_hid(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.lovense_dongle import LovenseHidDongleManager

    return LovenseHidDongleManager()


def _lovense_dongle_serial(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.lovense_dongle import LovenseSerialDongleManager

    return LovenseSerialDongleManager(specifier.port for specifier in _specifiers(configuration, SerialSpecifier))


def _lovense_connect(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.lovense_connect import LovenseConnectManager

    return LovenseConnectManager(options.lovense_connect_hosts, discover=options.lovense_connect_discover)


def _device_websocket_server(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.websocket import WebsocketManager

    return WebsocketManager("127.0.0.1" if options.hosts else "0.0.0.0", options.device_port)


def _gamepad(options: Options, configuration: DeviceConfiguration) -> CommunicationManager:
    from buttplug.hardware.gamepad import GamepadManager

    return GamepadManager()


_MAKERS: Mapping[str, Callable[[Options, DeviceConfiguration], CommunicationManager]] = {
    "bluetooth-le": _bluetooth_le,
    "serial": _serial,
    "hid": _hid,
    "usb": _usb,
    "lovense-dongle-hid": _lovense_dongle_hid,
    "lovense-dongle-serial": _lovense_dongle_serial,
    "lovense-connect": _lovense_connect,
    "device-websocket-server": _device_websocket_server,
    "gamepad": _gamepad,
}


def _hid_pairs(configuration: DeviceConfiguration) -> list[UsbId]:
    return [pair for specifier in _specifiers(configuration, HidSpecifier) for pair in specifier.pairs]


def _usb_pairs(configuration: DeviceConfiguration) -> list[UsbId]:
    return [pair for specifier in _specifiers(configuration, UsbSpecifier) for pair in specifier.pairs]


def _specifiers(configuration: DeviceConfiguration, kind: type[Kind]) -> Iterator[Kind]:
    """Return every specifier of one kind, of all protocols."""
    for protocol in configuration.protocols:
        for specifier in configuration.specifiers(protocol):
            if isinstance(specifier, kind):
                yield specifier
