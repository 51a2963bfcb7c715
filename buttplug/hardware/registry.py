"""All buses, a row for each. What a row names is imported when it is used."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from buttplug.hardware import (
    bluetooth,
    gamepad,
    hid,
    lovense_connect,
    lovense_dongle,
    serial,
    simulated,
    usb,
    websocket,
)
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.common.usb_ids import ids_of
from buttplug.hardware.specifier import Specifier

Kind = TypeVar("Kind", bound=Specifier)


@dataclass(frozen=True)
class BusSettings:
    """What the communication managers are made with.

    Attributes:
        specifiers: All specifiers of the device configuration, of every bus.
        device_host: The address on which devices may connect by websocket.
        device_port: The port for them.
        device_origins: Origins of web pages that may be such devices.
        device_token: What every such device has to show; None where nothing is asked for.
        device_without_token: Whether such devices of other machines are let in without one.
        device_tls: For such devices that connect by ``wss``; None where they do not.
        lovense_connect_hosts: ``host`` or ``host:port`` of each Lovense Connect app.
        lovense_connect_discover: Whether to ask the maker's web service for another one.
    """

    specifiers: tuple[Specifier, ...]
    device_host: str
    device_port: int
    device_origins: tuple[str, ...]
    device_token: str | None
    device_without_token: bool
    device_tls: ssl.SSLContext | None
    lovense_connect_hosts: tuple[str, ...]
    lovense_connect_discover: bool

    def of(self, kind: type[Kind]) -> Iterator[Kind]:
        """Return the specifiers of one bus."""
        return (specifier for specifier in self.specifiers if isinstance(specifier, kind))


@dataclass(frozen=True)
class Bus:
    """One bus.

    Attributes:
        option: The name of its switch, ``--use-`` before it.
        title: What is found on it, for people.
        make: Returns its communication manager, with nothing opened yet. Raises ImportError where a library is missing.
        key: What it is called in the device configuration; None for a bus whose devices look like those of another one.
        specifier: What stands there.
        default: Whether it is on when no switch says anything.
        aliases: Other names of its switch.
    """

    option: str
    title: str
    make: Callable[[BusSettings], CommunicationManager]
    key: str | None = None
    specifier: type[Specifier] | None = None
    default: bool = False
    aliases: tuple[str, ...] = ()


BUSES = (
    Bus(
        option="bluetooth-le",
        title="Bluetooth LE",
        make=lambda settings: bluetooth.BluetoothManager(
            service for specifier in settings.of(bluetooth.BluetoothSpecifier) for service in specifier.exact_services
        ),
        key="btle",
        specifier=bluetooth.BluetoothSpecifier,
        default=True,
    ),
    Bus(
        option="serial",
        title="serial ports",
        make=lambda settings: serial.SerialManager(specifier.port for specifier in settings.of(serial.SerialSpecifier)),
        key="serial",
        specifier=serial.SerialSpecifier,
    ),
    Bus(
        option="hid",
        title="HID devices",
        make=lambda settings: hid.HidManager(ids_of(settings.of(hid.HidSpecifier))),
        key="hid",
        specifier=hid.HidSpecifier,
    ),
    Bus(
        option="usb",
        title="USB devices",
        make=lambda settings: usb.UsbManager(ids_of(settings.of(usb.UsbSpecifier))),
        key="usb",
        specifier=usb.UsbSpecifier,
    ),
    Bus(
        option="lovense-dongle-hid",
        title="the Lovense dongle (HID)",
        make=lambda settings: lovense_dongle.LovenseHidDongleManager(),
    ),
    Bus(
        option="lovense-dongle-serial",
        title="the Lovense dongle (serial)",
        make=lambda settings: lovense_dongle.LovenseSerialDongleManager(
            specifier.port for specifier in settings.of(serial.SerialSpecifier)
        ),
    ),
    Bus(
        option="lovense-connect",
        title="the Lovense Connect app",
        make=lambda settings: lovense_connect.LovenseConnectManager(
            settings.lovense_connect_hosts, discover=settings.lovense_connect_discover
        ),
        key="lovense_connect_service",
        specifier=lovense_connect.LovenseConnectSpecifier,
    ),
    Bus(
        option="device-websocket-server",
        title="devices that connect by websocket",
        make=lambda settings: websocket.WebsocketManager(
            settings.device_host,
            settings.device_port,
            allow_origins=settings.device_origins,
            token=settings.device_token,
            without_token=settings.device_without_token,
            tls=settings.device_tls,
        ),
        key="websocket",
        specifier=websocket.WebsocketSpecifier,
    ),
    Bus(
        option="gamepad",
        title="game pads",
        make=lambda settings: gamepad.GamepadManager(),
        key="sdl-gamepad",
        specifier=gamepad.GamepadSpecifier,
        default=sys.platform == "win32",
        aliases=("xinput", "sdl-gamepad"),
    ),
)

#: The specifiers by their names in the device configuration. Simulated devices have no switch: they are asked for one by one.
SPECIFIERS: Mapping[str, type[Specifier]] = {
    **{bus.key: bus.specifier for bus in BUSES if bus.key is not None and bus.specifier is not None},
    "simulated": simulated.SimulatedSpecifier,
}
