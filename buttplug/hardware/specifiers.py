"""What identifies a device on each bus.

A *specifier* is what the device configuration says about a protocol's devices; an *advertisement* is what a communication
manager knows of one device it found, before it is opened. Each kind of specifier matches its own kind of advertisement only.
The specifiers' field names are those of the configuration files.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class ManufacturerData(Struct, frozen=True):
    """Manufacturer data to look for: ``data`` is contained in what is advertised under ``company``; empty for any."""

    company: int
    data: tuple[int, ...] = ()


class BluetoothSpecifier(Struct, frozen=True):
    """Bluetooth LE devices, by any of names (``*`` at the end for any ending), manufacturer data or advertised services.

    ``services`` maps service UUID to endpoint name to characteristic UUID. In every UUID ``?`` stands for any hexadecimal
    digit.
    """

    services: dict[str, dict[str, str]]
    names: tuple[str, ...] = ()
    manufacturer_data: tuple[ManufacturerData, ...] = ()
    advertised_services: tuple[str, ...] = ()


class SerialSpecifier(Struct, frozen=True):
    """A serial port by its exact path, and how to open it."""

    port: str
    baud_rate: int
    data_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1


class UsbId(Struct, frozen=True):
    """A USB vendor and product id."""

    vendor_id: int
    product_id: int


class HidSpecifier(Struct, frozen=True):
    """HID devices by vendor and product."""

    pairs: tuple[UsbId, ...]


class UsbSpecifier(Struct, frozen=True):
    """Raw USB devices by vendor and product."""

    pairs: tuple[UsbId, ...]


class WebsocketSpecifier(Struct, frozen=True):
    """A device that connects to the websocket device server, by the identifier in its first frame."""

    name: str


class LovenseConnectSpecifier(Struct, frozen=True):
    """Any toy of the Lovense Connect app."""

    exists: bool = True


class GamepadSpecifier(Struct, frozen=True):
    """Any game pad."""

    exists: bool = True


class SimulatedSpecifier(Struct, frozen=True):
    """Devices of the kinds that exist only as simulations."""

    names: tuple[str, ...]


Specifier: TypeAlias = (
    BluetoothSpecifier
    | SerialSpecifier
    | HidSpecifier
    | UsbSpecifier
    | WebsocketSpecifier
    | LovenseConnectSpecifier
    | GamepadSpecifier
    | SimulatedSpecifier
)


class BluetoothAdvertisement(Struct, frozen=True):
    """What a Bluetooth LE device sends out. Service UUIDs are lower case."""

    name: str = ""
    manufacturer_data: dict[int, bytes] = {}
    services: frozenset[str] = frozenset()


class SerialAdvertisement(Struct, frozen=True):
    """A serial port of this machine."""

    port: str


class HidAdvertisement(Struct, frozen=True):
    """A HID device of this machine."""

    vendor_id: int
    product_id: int


class UsbAdvertisement(Struct, frozen=True):
    """A USB device of this machine."""

    vendor_id: int
    product_id: int


class WebsocketAdvertisement(Struct, frozen=True):
    """A device that connected to the websocket device server and told its identifier."""

    name: str


class LovenseConnectAdvertisement(Struct, frozen=True):
    """A toy of the Lovense Connect app."""


class GamepadAdvertisement(Struct, frozen=True):
    """A game pad that can rumble."""


class SimulatedAdvertisement(Struct, frozen=True):
    """A device of a kind that exists only as a simulation."""

    name: str


Advertisement: TypeAlias = (
    BluetoothAdvertisement
    | SerialAdvertisement
    | HidAdvertisement
    | UsbAdvertisement
    | WebsocketAdvertisement
    | LovenseConnectAdvertisement
    | GamepadAdvertisement
    | SimulatedAdvertisement
)
