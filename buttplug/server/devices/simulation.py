"""Simulated devices of any model that the configuration knows, with the hand-shake of their protocol answered."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module, util

from buttplug.hardware.simulated import SimulatedDevice
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
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.protocols import available, peers

#: What stands for the ``*`` of a name where any ending will do.
ENDING = "0001"


def simulate(configuration: DeviceConfiguration, name: str, taken: Collection[str] = ()) -> SimulatedDevice:
    """Return a simulated device.

    ``name`` is a model's name ("Lovense Nora") or a protocol's id ("tcode-v03"); an address may follow behind ``@``. Without
    one the device gets one that is not in ``taken``.

    Raises:
        ConfigurationError: There is no such model, its protocol is not supported yet, or the address is taken.
    """
    name, _, address = name.partition("@")
    definition = configuration.find(name)
    if definition.protocol not in available():
        raise ConfigurationError(f"{definition.name} cannot be simulated: protocol {definition.protocol} is not supported yet")
    if not address:
        address = next(free for number in range(1, len(taken) + 2) if (free := f"simulated-{number}") not in taken)
    elif address in taken:
        raise ConfigurationError(f"address {address} is given to two simulated devices")
    specifiers = configuration.specifiers(definition.protocol)
    if not specifiers:
        raise ConfigurationError(f"{definition.name} cannot be simulated: the configuration does not say how it is found")
    advertised, advertisement = _advertisement(specifiers[0], definition)
    device = SimulatedDevice(advertised, advertisement, address=address, label=definition.name)
    module = f"{peers.__name__}.{definition.protocol.replace('-', '_')}"
    if util.find_spec(module) is not None:
        import_module(module).prepare(device, definition)
    return device


def _advertisement(specifier: Specifier, definition: DeviceDefinition) -> tuple[str, Advertisement]:
    """Return the hardware's name and the advertisement by which a model is found and, where its name tells, identified."""
    name = definition.identifier or definition.name
    match specifier:
        case BluetoothSpecifier():
            name = _bluetooth_name(specifier, definition)
            services = frozenset(service for service in specifier.advertised_services[:1] if "?" not in service)
            data = {entry.company: bytes(entry.data) for entry in specifier.manufacturer_data} if not specifier.names else {}
            return name, BluetoothAdvertisement(name, data, services)
        case SerialSpecifier():
            return specifier.port, SerialAdvertisement(specifier.port)
        case HidSpecifier():
            return name, HidAdvertisement(specifier.pairs[0].vendor_id, specifier.pairs[0].product_id)
        case UsbSpecifier():
            return name, UsbAdvertisement(specifier.pairs[0].vendor_id, specifier.pairs[0].product_id)
        case WebsocketSpecifier():
            return specifier.name, WebsocketAdvertisement(specifier.name)
        case SimulatedSpecifier():
            return name, SimulatedAdvertisement(name)
        case LovenseConnectSpecifier():
            return name, LovenseConnectAdvertisement()
        case GamepadSpecifier():
            return name, GamepadAdvertisement()


def _bluetooth_name(specifier: BluetoothSpecifier, definition: DeviceDefinition) -> str:
    """Return the model's identifier where devices of the protocol are found by it, else any name they are found by."""
    identifier = definition.identifier
    if identifier is not None:
        for name in specifier.names:
            if name == identifier or (name.endswith("*") and identifier.startswith(name[:-1])):
                return identifier
    if not specifier.names:
        return definition.name
    name = specifier.names[0]
    return name[:-1] + ENDING if name.endswith("*") else name
